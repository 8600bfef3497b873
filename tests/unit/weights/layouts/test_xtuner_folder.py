"""Folders of xtuner's pth_to_hf: each part in its place, with the place in the names of the tensors."""

from pathlib import Path

import pytest

from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted
from doctorsun.errors import WeightsError
from doctorsun.weights.layouts import xtuner_folder
from doctorsun.weights.published import find_layout, read_published
from doctorsun.weights.settings_files import read_settings


def test_a_second_stage_has_a_language_model_and_an_adapter_of_the_tower(tmp_path: Path):
    write_converted(tmp_path, XtunerTraining(tower="lora", language="whole", layer=-3))
    published = read_published(tmp_path)
    assert published.layout == xtuner_folder.NAME
    assert published.vision is None
    assert published.language is not None
    assert (published.language.chat, published.language.tokenizer_folder) == ("llama3", tmp_path)
    assert [adapter.part for adapter in published.adapters] == ["vision"]
    assert published.projector is not None
    assert (published.projector.feature_layer, published.projector.fit) == (-3, "pad")
    assert published.projector.tensors["linear_1.weight"].sources == ("projector/model.0.weight",)
    assert any("visual_encoder_adapter/: base_model_name_or_path" in note for note in published.strange)


def test_a_tower_and_an_adapter_of_the_language_model_lie_in_folders_of_their_own(tmp_path: Path):
    write_converted(tmp_path, XtunerTraining(tower="whole", language="lora"))
    published = read_published(tmp_path)
    assert published.vision is not None
    assert published.vision.image_mean is not None
    (source,) = published.vision.tensors["vision_model.post_layernorm.bias"].sources
    assert source == "visual_encoder/vision_model.post_layernorm.bias"
    assert [adapter.part for adapter in published.adapters] == ["language"]
    assert published.language is None


def test_a_first_stage_is_the_projector(tmp_path: Path):
    write_converted(tmp_path, XtunerTraining())
    published = read_published(tmp_path)
    assert set(published.tensors) == {f"projector/model.{n}.{kind}" for n in (0, 2) for kind in ("weight", "bias")}


def test_without_its_configuration_the_folder_says_no_fit(tmp_path: Path):
    write_converted(tmp_path, XtunerTraining())
    (tmp_path / "xtuner_config.py").unlink()
    projector = read_published(tmp_path).projector
    assert projector is not None
    assert (projector.feature_layer, projector.fit) == (None, None)


def test_another_activation_is_told(tmp_path: Path):
    write_converted(tmp_path, XtunerTraining())
    settings = read_settings(tmp_path / "projector", "config.json")
    write_json(tmp_path / "projector/config.json", {**settings, "hidden_act": "silu"})
    with pytest.raises(WeightsError, match=r"projector/config.json: hidden_act: got 'silu', expected 'gelu'"):
        read_published(tmp_path)


def test_other_folders_are_not_taken(tmp_path: Path):
    write_doctor_sun(tmp_path)
    (tmp_path / "projector").mkdir()
    assert find_layout(tmp_path).name == "llava_legacy"
