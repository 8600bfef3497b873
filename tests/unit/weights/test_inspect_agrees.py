"""What ``weights inspect`` says does not load, from headers and settings alone, is what an import refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.clip import tower_config, write_tower
from checkpoints.llama import write_llama3
from checkpoints.llava_legacy import write_doctor_sun
from checkpoints.mm_projector import write_mm_projector
from checkpoints.weight_files import write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.import_weights import ImportRequest, settle
from doctorsun.weights.inspect import inspect
from doctorsun.weights.parts import ReadOptions

WITH_HEADS = ReadOptions(vision_config=tower_config())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write_doctor_sun(folder / "doctor-sun")
    write_tower(folder / "tower")
    write_llama3(folder / "llama")
    return folder


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rope_scaling", "x"),
        ("rope_scaling", {"rope_type": "llama3"}),
        ("rms_norm_eps", None),
        ("rms_norm_eps", 1),
        ("use_cache", None),
        ("hidden_act", "none"),
        ("layer_types", ["full_attention"]),
        ("max_position_embeddings", 1.5),
        ("mm_vision_select_layer", -99),
    ],
)
def test_settings_that_an_import_refuses_do_not_load(folder: Path, tmp_path: Path, name: str, value: Any) -> None:
    for file in (folder / "doctor-sun").iterdir():
        (tmp_path / file.name).symlink_to(file)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").unlink()
    write_json(tmp_path / "config.json", config)
    settle(tmp_path, ImportRequest(read=WITH_HEADS))
    write_json(tmp_path / "config.json", {**config, name: value})
    loads = inspect(tmp_path, WITH_HEADS)["loads"]
    assert loads["how"] == "no"
    with pytest.raises(WeightsError) as refusal:
        settle(tmp_path, ImportRequest(read=WITH_HEADS))
    assert loads["why"] == refusal.value.text()


@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.complex64, torch.uint8])
def test_tensors_of_another_kind_of_number_do_not_load(folder: Path, tmp_path: Path, kind: torch.dtype) -> None:
    tensors = write_mm_projector(tmp_path / "mm")
    name = "model.mm_projector.2.bias"
    torch.save({**tensors, name: tensors[name].to(kind)}, tmp_path / "mm/mm_projector.bin")
    loads = inspect(tmp_path / "mm")["loads"]
    assert loads["how"] == "no"
    expected = f"{tmp_path}/mm: tensor {name}: got {kind}, expected floating-point numbers; name weights".replace(
        "torch.", ""
    )
    assert loads["why"].startswith(expected)
    request = ImportRequest(vision=folder / "tower", projector=tmp_path / "mm")
    with pytest.raises(WeightsError) as refusal:
        settle(folder / "llama", request)
    assert loads["why"] == refusal.value.text()
