"""NaN and infinity in weights: told once everything is written, also where an earlier call wrote them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from checkpoints.clip import tower_config
from checkpoints.llava_legacy import write_doctor_sun
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.not_finite import NotFinite
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

NAME = "model.mm_projector.2.bias"


def of(values: torch.Tensor) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.of(values.dtype), tuple(values.shape)), lambda: values, ("a",))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_found(dtype: torch.dtype, value: float) -> None:
    bad = torch.ones(3, 5, dtype=dtype)
    bad[1, 2] = value
    watch = NotFinite()
    tensors = {"c": of(bad), "a": of(torch.ones(7, dtype=dtype)), "b": of(bad), "d": of(torch.empty(0, dtype=dtype))}
    for name, tensor in watch.watched(tensors).items():
        assert tensor.compute() is tensors[name].compute()
    assert watch.told() == ("NaN or infinity in b and 1 other: damaged, or broken in training",)


def test_finite_numbers_are_not_told() -> None:
    watch = NotFinite()
    watch.watched({"a": of(torch.full((2,), torch.finfo(torch.float16).max, dtype=torch.float16))})["a"].compute()
    assert watch.told() == ()


def test_what_an_earlier_call_wrote_is_looked_at(tmp_path: Path) -> None:
    save_file({"a": torch.tensor([1.0, float("nan")]), "b": torch.ones(2)}, tmp_path / "model.safetensors")
    watch = NotFinite()
    watch.look_at_others(tmp_path, {"a": of(torch.ones(2)), "b": of(torch.ones(2))})
    assert (watch.seen, watch.found) == ({"a", "b"}, {"a"})


def test_an_import_tells_it(tmp_path: Path) -> None:
    tensors = write_doctor_sun(tmp_path / "in")
    shard = next(path for path in sorted((tmp_path / "in").glob("*.safetensors")) if NAME in load_file(path))
    bad = tensors[NAME].clone()
    bad[3] = float("nan")
    save_file({**load_file(shard), NAME: bad}, shard)
    report = import_weights(
        tmp_path / "in", tmp_path / "out", ImportRequest(read=ReadOptions(vision_config=tower_config()))
    )
    told = "NaN or infinity in multi_modal_projector.linear_2.bias: damaged, or broken in training"
    assert told in report["strange"]
    assert report == json.loads((tmp_path / "out/import.json").read_text())
