"""Folders of peft: what is found, what is said about them, and LLaVA's own LoRA with its projector beside it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from checkpoints.clip import write_tower
from checkpoints.llava_legacy import DOCTOR_SUN, projector_shapes
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.tokenizer_files import write_llama3_tokenizer
from checkpoints.unmerged import Changes
from checkpoints.weight_files import write_file, write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.layouts import peft_adapter
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import find_layout, read_published

TOWER: Changes = {
    "vision_model.encoder.layers.0.mlp.fc1": (torch.ones(8, 24), torch.ones(40, 8), 2.0),
}
LANGUAGE: Changes = {"model.layers.0.mlp.up_proj": (torch.ones(8, 48), torch.ones(80, 8), 2.0)}


@pytest.mark.parametrize("kind", ["bin", "safetensors"])
def test_changes_and_nothing_else_are_found(tmp_path: Path, kind: Any):
    write_adapter(tmp_path, adapter_tensors({**TOWER, **LANGUAGE}), {}, kind=kind)
    published = read_published(tmp_path)
    assert published.layout == peft_adapter.NAME
    assert (published.vision, published.projector, published.language) == (None, None, None)
    assert [adapter.part for adapter in published.adapters] == ["vision", "language"]
    assert published.adapters[0].pairs["vision_model.encoder.layers.0.mlp.fc1.weight"].scale == 2


def test_the_base_is_not_followed_and_what_is_set_aside_is_said(tmp_path: Path):
    write_adapter(tmp_path, adapter_tensors(LANGUAGE), {"fan_in_fan_out": True})
    write_llama3_tokenizer(tmp_path)
    strange = read_published(tmp_path).strange
    assert [note.split()[0] for note in strange] == ["base_model_name_or_path", "fan_in_fan_out", "a"]
    assert "'/data/base' is not followed" in strange[0]


def test_safetensors_are_taken_where_both_are_there(tmp_path: Path):
    write_adapter(tmp_path, adapter_tensors(LANGUAGE), {}, kind="bin")
    write_adapter(tmp_path, adapter_tensors(TOWER), {}, kind="safetensors")
    assert [adapter.part for adapter in read_published(tmp_path).adapters] == ["vision"]


def test_without_settings_alpha_comes_from_the_user(tmp_path: Path):
    write_adapter(tmp_path, adapter_tensors(LANGUAGE), {})
    (tmp_path / "adapter_config.json").unlink()
    with pytest.raises(WeightsError, match="give it with --lora-alpha"):
        read_published(tmp_path)
    (adapter,) = read_published(tmp_path, ReadOptions(lora_alpha=4)).adapters
    assert adapter.pairs["model.layers.0.mlp.up_proj.weight"].scale == 0.5


def test_the_users_alpha_stands_against_no_settings(tmp_path: Path):
    write_adapter(tmp_path, adapter_tensors(LANGUAGE), {})
    with pytest.raises(WeightsError, match=r"--lora-alpha: got 4, expected 16, as \S+adapter_config\.json says"):
        read_published(tmp_path, ReadOptions(lora_alpha=4))
    (adapter,) = read_published(tmp_path, ReadOptions(lora_alpha={"vision": 4, "language": 16})).adapters
    assert adapter.pairs["model.layers.0.mlp.up_proj.weight"].scale == 2


def test_settings_without_changes_are_told(tmp_path: Path):
    write_json(tmp_path / "adapter_config.json", {"peft_type": "LORA"})
    with pytest.raises(WeightsError, match=r"got adapter_config.json without the changes, expected adapter_model"):
        read_published(tmp_path)


def test_a_tensor_of_no_network_that_is_known_is_told(tmp_path: Path):
    tensors: dict[str, Tensor] = {"base_model.model.transformer.h.0.attn.lora_A.weight": torch.ones(8, 3)}
    write_adapter(tmp_path, tensors, {})
    with pytest.raises(WeightsError, match=r"got 1 tensors of no known use, the first base_model.model.transformer"):
        read_published(tmp_path)


def test_llavas_own_lora_brings_its_projector(tmp_path: Path):
    write_adapter(tmp_path, adapter_tensors(LANGUAGE), {})
    shapes = projector_shapes(48)
    beside = {f"base_model.model.model.mm_projector.{name}": torch.ones(shape) for name, shape in shapes.items()}
    write_file(tmp_path / "non_lora_trainables.bin", beside)
    write_json(tmp_path / "config.json", {**DOCTOR_SUN, "mm_vision_select_layer": -3, "image_aspect_ratio": "pad"})
    published = read_published(tmp_path)
    assert published.projector is not None
    assert (published.projector.feature_layer, published.projector.fit) == (-3, "pad")
    assert [adapter.part for adapter in published.adapters] == ["language"]


def test_other_folders_are_not_taken(tmp_path: Path):
    write_tower(tmp_path)
    assert find_layout(tmp_path).name == "clip"
