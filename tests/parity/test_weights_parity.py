"""Folders that we save against transformers' own loaders, without any code of ours."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, LlavaForConditionalGeneration

from doctorsun.weights.hugging_face import load_weights
from small_model import image, png, question, save_small, small_model, small_processor

PICTURE = png(5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("saved") / "weights")


def logits(model: LlavaForConditionalGeneration) -> torch.Tensor:
    processor = small_processor()
    ids = processor.render(question("a", "左肺有结节吗?", "未见结节。", image(PICTURE))).ids
    pixels = torch.from_numpy(processor.pixels(PICTURE).astype(np.float32))[None] / 255
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor(ids, dtype=torch.int64)[None], pixel_values=pixels).logits


def test_plain_transformers_load_the_same_network(folder: Path) -> None:
    loaded = AutoModelForImageTextToText.from_pretrained(folder)
    assert type(loaded) is LlavaForConditionalGeneration
    assert torch.equal(logits(loaded), logits(small_model()))


def test_our_loader_gives_the_same_network(folder: Path) -> None:
    model, processor = load_weights(folder)
    assert torch.equal(logits(model), logits(small_model()))
    assert not model.training
    assert processor.tokenizer.to_str() == small_processor().tokenizer.to_str()


def test_a_folder_that_transformers_saved_is_loaded(folder: Path, tmp_path: Path) -> None:
    AutoModelForImageTextToText.from_pretrained(folder).save_pretrained(tmp_path)
    AutoProcessor.from_pretrained(folder).save_pretrained(tmp_path)
    model, processor = load_weights(tmp_path)
    assert torch.equal(logits(model), logits(small_model()))
    assert processor.num_visual_tokens == small_processor().num_visual_tokens


def test_answers_of_plain_transformers_end_where_ours_do(folder: Path) -> None:
    config = AutoModelForImageTextToText.from_pretrained(folder).generation_config
    assert config.eos_token_id == list(small_processor().stop_ids)
    assert config.pad_token_id == small_processor().token_id("<pad>")
