import re
from pathlib import Path

import pytest
import torch

from checkpoints.weight_files import write_file
from doctorsun.errors import WeightsError
from doctorsun.weights.part_names import NameRule, clip_rules, group_tensors
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import TensorFiles

RULES = (
    *clip_rules(r"tower\."),
    NameRule("language", re.compile(r"(?:llm\.)?(lm_head\..*)"), r"\1"),
    NameRule("language", re.compile(r"llm\.(.*)"), r"model.\1"),
)


def files_with(folder: Path, *names: str) -> TensorFiles:
    path = folder / "some.safetensors"
    write_file(path, {name: torch.full((2,), float(index)) for index, name in enumerate(names)})
    return open_tensors(path)


def test_tensors_find_their_parts(tmp_path: Path) -> None:
    names = ("tower.vision_model.a", "tower.encoder.b", "llm.norm.weight", "lm_head.weight", "else.c")
    grouped = group_tensors(files_with(tmp_path, *names), RULES, where="here")
    assert set(grouped.vision) == {"vision_model.a", "vision_model.encoder.b"}
    assert set(grouped.language) == {"model.norm.weight", "lm_head.weight"}
    assert grouped.projector == {}
    assert grouped.left_over == {}
    assert grouped.vision["vision_model.encoder.b"].compute().tolist() == [1.0, 1.0]


def test_buffers_of_old_versions_are_left_over(tmp_path: Path) -> None:
    names = ("tower.vision_model.embeddings.position_ids", "llm.layers.0.self_attn.rotary_emb.inv_freq")
    grouped = group_tensors(files_with(tmp_path, *names), RULES, where="here")
    assert grouped.left_over == {
        names[0]: "numbers of the places, counted anew",
        names[1]: "rotary frequencies, computed from the settings",
    }
    assert not grouped.vision
    assert not grouped.language


def test_a_tied_head_is_left_over(tmp_path: Path) -> None:
    grouped = group_tensors(files_with(tmp_path, "llm.lm_head.weight", "llm.norm.weight"), RULES, where="here")
    head = grouped.leave_tied_head()
    assert head is not None
    assert head.sources == ("llm.lm_head.weight",)
    assert grouped.leave_tied_head() is None
    assert grouped.left_over == {"llm.lm_head.weight": "the settings tie it to model.embed_tokens.weight"}
    assert set(grouped.language) == {"model.norm.weight"}


def test_one_tensor_under_two_names_is_refused(tmp_path: Path) -> None:
    files = files_with(tmp_path, "lm_head.weight", "llm.lm_head.weight")
    with pytest.raises(
        WeightsError, match=r"the tensor lm_head[.]weight, which \S+ holds too, expected each tensor once"
    ):
        group_tensors(files, RULES, where="here")
