"""The processor against transformers' own, loaded from a folder that we saved."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from transformers import AutoProcessor, LlavaProcessor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

from doctorsun.processor.chat_template import as_openai
from doctorsun.processor.image_processor import Fit
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, image_part
from doctorsun.weights.hugging_face import save_processor
from small_model import MICRO, assistant, image, png, sample, small_processor, user

WORDS = [
    "Is there a nodule in the left lung?",
    "左肺上叶有没有结节？请回答“是”或“否”。",
    "🫁🩻 naïve ﬁ 㐂 𠮷 \u200d \xa0 x\u0301",
    "  two  spaces\n\n\nand\tlines \r\n 1234567 3.14mm <box>[[1, 2, 3, 4]]</box>",
    "a density < 30 HU, <|or so|> and a cut <",
    "",
]
SIZES = [(37, 91), (200, 100), (1, 1), (33, 32), (5, 1), (64, 64)]


@pytest.fixture(scope="module", params=["crop", "pad"])
def fit(request: pytest.FixtureRequest) -> Fit:
    return request.param


@pytest.fixture(scope="module")
def folder(fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(fit)
    save_processor(small_processor(fit), folder, patch_size=MICRO.patch_size, max_length=MICRO.max_positions)
    return folder


@pytest.fixture(scope="module")
def stock(folder: Path) -> LlavaProcessor:
    return AutoProcessor.from_pretrained(folder)


def stock_inputs(stock: LlavaProcessor, turns: list[Message], pictures: list[bytes], **settings: Any) -> Any:
    conversation = as_openai(turns)
    opened = iter([Picture.open(io.BytesIO(picture)) for picture in pictures])
    for part in (part for turn in conversation for part in turn["content"] if part["type"] == "image"):
        part["image"] = next(opened)
    return stock.apply_chat_template(conversation, tokenize=True, return_dict=True, return_tensors="np", **settings)


def test_the_stock_classes_are_those_that_we_name(stock: LlavaProcessor, fit: Fit) -> None:
    assert isinstance(stock, LlavaProcessor)
    wanted = LlavaImageProcessorPil if fit == "pad" else CLIPImageProcessorPil
    assert type(stock.image_processor) is wanted


@pytest.mark.parametrize("words", WORDS)
def test_a_prompt_has_the_same_ids(stock: LlavaProcessor, fit: Fit, words: str) -> None:
    turns = [user(image_part(), words), assistant("Yes."), user("And here?")]
    inputs = stock_inputs(stock, turns, [png(0)], add_generation_prompt=True)
    assert small_processor(fit).prompt(turns) == inputs["input_ids"][0].tolist()


@pytest.mark.parametrize("words", WORDS)
def test_a_training_sequence_has_the_same_ids(stock: LlavaProcessor, fit: Fit, words: str) -> None:
    pictures = [png(0), png(1)]
    turns = [user(image_part(), image_part(), words), assistant("未见结节。"), user(words), assistant("No nodule 🫁.")]
    rendered = small_processor(fit).render(sample("a", *turns, images=[image(picture) for picture in pictures]))
    assert rendered.ids.tolist() == stock_inputs(stock, turns, pictures)["input_ids"][0].tolist()


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pixels_are_the_same(stock: LlavaProcessor, fit: Fit, width: int, height: int, mode: str) -> None:
    picture = png(4, width, height, mode)
    images = small_processor(fit).images
    mean, std = (np.array(values)[:, None, None] for values in (images.mean, images.std))
    theirs = stock_inputs(stock, [user(image_part(), "?")], [picture])["pixel_values"][0]
    np.testing.assert_allclose((images.pixels(picture) / 255 - mean) / std, theirs, atol=1e-5)


def test_a_folder_that_the_stock_processor_saved_is_read_alike(stock: LlavaProcessor, fit: Fit, tmp_path: Path) -> None:
    stock.save_pretrained(tmp_path)
    ours, read = small_processor(fit), Processor.from_folder(tmp_path)
    assert read.images == ours.images
    assert read.num_visual_tokens == ours.num_visual_tokens
    turns = [user(image_part(), WORDS[2])]
    assert read.prompt(turns) == ours.prompt(turns)
