"""LLaVA's own folders, imported, against the forward pass of the published classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from checkpoints.clip import tower_config, write_tower, write_whole_clip
from checkpoints.llava_legacy import (
    DOCTOR_SUN,
    LLAVA_MED,
    QILIN_MED_VL,
    write_doctor_sun,
    write_llava_med,
    write_qilin_med_vl,
)
from checkpoints.mm_projector import write_mm_projector
from checkpoints.published_forward import PublishedLlava, below, require_equal_logits
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.parts import ReadOptions

TOWER = ReadOptions(vision_config=tower_config())
LLAMA_3_1 = {
    "factor": 8.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 8,
    "rope_type": "llama3",
}


def published(
    tensors: Mapping[str, Tensor], settings: Mapping[str, Any], model_type: str, **other: Any
) -> PublishedLlava:
    language = {name: tensor for name, tensor in tensors.items() if "vision_tower" not in name and "mm_" not in name}
    parts: dict[str, Any] = {
        "tower": below(tensors, "model.vision_tower.vision_tower."),
        "tower_config": tower_config(),
        "projector": below(tensors, "model.mm_projector."),
        "language": language,
        "language_config": {**settings, "model_type": model_type, "architectures": None},
    }
    return PublishedLlava(**(parts | other))


@pytest.mark.parametrize("feature", ["patch", "cls_patch"])
def test_doctor_sun_with_the_tower_in_its_shards(tmp_path: Path, feature: str) -> None:
    tensors = write_doctor_sun(tmp_path / "sun", mm_vision_select_feature=feature)
    import_weights(tmp_path / "sun", tmp_path / "out", ImportRequest(read=TOWER))
    reference = published(tensors, DOCTOR_SUN, "llama", with_class_token=feature == "cls_patch")
    require_equal_logits(reference, tmp_path / "out")


def test_doctor_sun_with_the_rope_of_llama_3_1_given_back(tmp_path: Path) -> None:
    tensors = write_doctor_sun(tmp_path / "sun")
    read = ReadOptions(vision_config=tower_config(), text_config={"rope_scaling": LLAMA_3_1})
    import_weights(tmp_path / "sun", tmp_path / "out", ImportRequest(read=read))
    require_equal_logits(published(tensors, {**DOCTOR_SUN, "rope_scaling": LLAMA_3_1}, "llama"), tmp_path / "out")


def test_qilin_med_vl_with_the_tower_of_a_whole_clip(tmp_path: Path) -> None:
    tensors = write_qilin_med_vl(tmp_path / "qilin")
    tower = write_whole_clip(tmp_path / "clip", seed=3)
    import_weights(tmp_path / "qilin", tmp_path / "out", ImportRequest(vision=tmp_path / "clip"))
    require_equal_logits(published(tensors, QILIN_MED_VL, "llama", tower=tower), tmp_path / "out")


@pytest.mark.parametrize("window", [None, 6])
def test_llava_med_is_a_mistral(tmp_path: Path, window: int | None) -> None:
    tensors = write_llava_med(tmp_path / "med", sliding_window=window, mm_vision_select_layer=-3)
    import_weights(tmp_path / "med", tmp_path / "out", ImportRequest(read=TOWER))
    settings = {**LLAVA_MED, "sliding_window": window}
    require_equal_logits(published(tensors, settings, "mistral", feature_layer=-3), tmp_path / "out")


def test_the_projector_of_a_first_stage_and_a_tower_of_ones_own(tmp_path: Path) -> None:
    tensors = write_doctor_sun(tmp_path / "sun")
    projector = write_mm_projector(tmp_path / "stage1")
    tower = write_tower(tmp_path / "tower", seed=9, old_names=False)
    request = ImportRequest(vision=tmp_path / "tower", projector=tmp_path / "stage1", read=TOWER)
    import_weights(tmp_path / "sun", tmp_path / "out", request)
    reference = published(tensors, DOCTOR_SUN, "llama", tower=tower, projector=below(projector, "model.mm_projector."))
    require_equal_logits(reference, tmp_path / "out")
