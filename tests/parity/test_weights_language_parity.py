"""Language models of every kind inside an imported LLaVA, against the three published classes one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor, LlavaForConditionalGeneration

from checkpoints.clip import SMALL, tower_config, write_tower
from checkpoints.internlm2 import INTERNLM2_CONFIG, write_internlm2
from checkpoints.llama import LLAMA_CONFIG, write_llama3
from checkpoints.mistral import MISTRAL_CONFIG, write_mistral
from checkpoints.mm_projector import write_mm_projector
from checkpoints.published_forward import PublishedLlava, below
from checkpoints.qwen2 import QWEN2_CONFIG, write_qwen2
from doctorsun.processor.processor import Processor
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.import_weights import ImportRequest, import_weights
from small_model import image, png, question

torch.set_num_threads(1)
PICTURE = png(5, 40, 28)
NOT_SETTINGS = {"architectures", "auto_map", "torch_dtype", "transformers_version"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a kind of language model is published."""

    write: Callable[..., dict[str, Tensor]]
    config: Mapping[str, Any]
    chat: str | None = None
    changes: tuple[tuple[str, Any], ...] = ()


KINDS = {
    "llama": Kind(write=write_llama3, config=LLAMA_CONFIG),
    "qwen2": Kind(write=write_qwen2, config=QWEN2_CONFIG),
    "tied qwen2": Kind(write=write_qwen2, config=QWEN2_CONFIG, changes=(("tie_word_embeddings", True),)),
    "mistral": Kind(write=write_mistral, config=MISTRAL_CONFIG),
    "a mistral that looks back a little": Kind(
        write=write_mistral, config=MISTRAL_CONFIG, changes=(("sliding_window", 5),)
    ),
}


def imported(tmp_path: Path, kind: Kind) -> tuple[Path, PublishedLlava]:
    """Import a language model with a tower and a projector; return the folder, and the published parts."""
    changes = {"torch_dtype": "float32", **dict(kind.changes)}
    language = kind.write(tmp_path / "language", dtype=torch.float32, **changes)
    tower = write_tower(tmp_path / "vision")
    projector = write_mm_projector(tmp_path / "projector")
    request = ImportRequest(vision=tmp_path / "vision", projector=tmp_path / "projector", chat=kind.chat)
    import_weights(tmp_path / "language", tmp_path / "out", request)
    settings = {name: value for name, value in {**kind.config, **changes}.items() if name not in NOT_SETTINGS}
    if settings["tie_word_embeddings"]:
        language["lm_head.weight"] = language["model.embed_tokens.weight"]
    published = PublishedLlava(
        tower=tower,
        tower_config=tower_config(),
        projector=below(projector, "model.mm_projector."),
        language=language,
        language_config=settings,
    )
    return tmp_path / "out", published


def inputs(folder: Path) -> tuple[Tensor, Tensor, int]:
    """Return ids with their visual tokens, pixels, and the id of the image token."""
    processor = Processor.from_folder(folder)
    ids = processor.render(question("a", "左肺有结节吗?", "未见结节。", image(PICTURE, 40, 28))).ids
    mean, std = (np.asarray(each, np.float32)[:, None, None] for each in (processor.images.mean, processor.images.std))
    pixels = (processor.pixels(PICTURE).astype(np.float32) / 255 - mean) / std
    return torch.tensor(ids, dtype=torch.int64), torch.from_numpy(pixels)[None], processor.image_token_id


@torch.no_grad()
def logits(model: LlavaForConditionalGeneration, ids: Tensor, pixels: Tensor) -> Tensor:
    return model.eval()(input_ids=ids[None], pixel_values=pixels).logits


@pytest.mark.parametrize("name", list(KINDS))
def test_the_folder_gives_the_logits_of_the_published_parts(tmp_path: Path, name: str) -> None:
    folder, published = imported(tmp_path, KINDS[name])
    ids, pixels, image_id = inputs(folder)
    words, image_at = ids[ids != image_id], int((ids == image_id).nonzero()[0])
    expected = published.logits(words, image_at, pixels)
    got = logits(AutoModelForImageTextToText.from_pretrained(folder), ids, pixels)
    assert int((ids == image_id).sum()) == (SMALL.image // SMALL.patch) ** 2
    assert expected.std() > 0.3  # nothing vanishes on the way
    torch.testing.assert_close(got[..., : expected.shape[-1]], expected, atol=1e-5, rtol=0)
    ours, _ = load_weights(folder)
    torch.testing.assert_close(logits(ours, ids, pixels), got, atol=0, rtol=0)


@pytest.mark.parametrize("name", ["llama", "qwen2", "mistral", "internlm2"])
def test_plain_transformers_read_the_question_as_we_do(tmp_path: Path, name: str) -> None:
    kinds = {**KINDS, "internlm2": Kind(write=write_internlm2, config=INTERNLM2_CONFIG)}
    folder, _ = imported(tmp_path, kinds[name])
    stock, ours = AutoProcessor.from_pretrained(folder), Processor.from_folder(folder)
    sample = question("a", "左肺有结节吗?", "未见结节。", image(PICTURE, 40, 28))
    turns = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "左肺有结节吗?"}]}]
    text = stock.apply_chat_template(turns, add_generation_prompt=True)
    got = stock.tokenizer(text, add_special_tokens=False)["input_ids"]
    ids = [each for each in ours.prompt(ours.question(sample)) if each != ours.image_token_id]
    assert [each for each in got if each != ours.image_token_id] == ids
    generation = AutoModelForImageTextToText.from_pretrained(folder).generation_config
    assert generation.eos_token_id == list(ours.stop_ids)
    assert generation.pad_token_id == stock.tokenizer.pad_token_id
