from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.safetensors_file import open_safetensors
from doctorsun.weights.tensors.tensor_files import ManyTensorFiles, TensorHeader


def test_the_size_of_a_tensor_follows_from_its_header() -> None:
    assert TensorHeader(NumberType.BFLOAT16, (3, 5)).size_bytes == 30
    assert TensorHeader(NumberType.FLOAT32, ()).size_bytes == 4


def test_several_files_are_one(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "b.safetensors")
    files = ManyTensorFiles(tuple(open_safetensors(tmp_path / f"{name}.safetensors") for name in "ab"))
    assert {name: header.shape for name, header in files.headers.items()} == {"a": (2,), "b": (3,)}
    assert files.read("b").tolist() == [0, 0, 0]
    with pytest.raises(KeyError, match="c"):
        files.read("c")
