import os
import zipfile
from argparse import Namespace
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.safetensors_file import open_safetensors
from doctorsun.weights.tensors.tensor_files import ManyTensorFiles, TensorHeader, strange_names
from doctorsun.weights.tensors.torch_file import open_torch


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


def write_naming(path: Path, names: list[str]) -> None:
    """Write a tensor and, as an attacker might, classes of any name."""
    torch.save({"a": torch.ones(2)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    classes = b"".join(b"\x8c\x01m\x8c" + bytes([len(name)]) + name.encode() + b"\x930" for name in names)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in records.items():
            is_tree = name.endswith("data.pkl")
            archive.writestr(name, data[:2] + classes + data[2:] if is_tree else data)


def test_what_files_name_besides_tensors_is_told_once_and_in_order(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.tag = "own"  # pyright: ignore[reportAttributeAccessIssue]
    torch.save({"a": parameter, "device": torch.device("cpu")}, tmp_path / "a.bin")
    save_file({"b": torch.zeros(3)}, tmp_path / "b.safetensors")
    torch.save({"c": torch.ones(2), "more": [Namespace(), os.getcwd]}, tmp_path / "c.bin")
    torch.save({"d": torch.ones(2), "more": [Fraction(1, 2), Namespace()]}, tmp_path / "d.bin")
    a, b = open_torch(tmp_path / "a.bin"), open_safetensors(tmp_path / "b.safetensors")
    c, d = (open_torch(tmp_path / f"{name}.bin") for name in "cd")
    assert strange_names(ManyTensorFiles((a, b))) == ()
    named = f"names argparse.Namespace, fractions.Fraction, {os.getcwd.__module__}.getcwd: none is run"
    assert strange_names(ManyTensorFiles((a, b, c, d))) == (named,)


def test_of_many_names_the_first_are_told_and_none_can_steer_a_terminal(tmp_path: Path) -> None:
    names = ["\x1b[31mred", "z" * 99, *(f"n{index}" for index in range(8))]
    path = tmp_path / "a.bin"
    write_naming(path, names)
    (told,) = strange_names(open_torch(path))
    first = r"names m.\x1b[31mred, m.n0, m.n1, m.n2, m.n3, m.n4, m.n5, m.n6 and 2 more: none is run"
    assert told == first
    write_naming(path, names[1:2])
    assert strange_names(open_torch(path)) == (f"names m.{'z' * 78}…: none is run",)
