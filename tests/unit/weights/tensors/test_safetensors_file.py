import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.safetensors_file import DTYPES, open_safetensors
from doctorsun.weights.tensors.tensor_files import TensorHeader


def write(path: Path, header: object, contents: bytes = b"", length: int | None = None) -> Path:
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(encoded) if length is None else length).to_bytes(8, "little") + encoded + contents)
    return path


def entry(kind: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize("kind", DTYPES)
def test_every_type_comes_back_bit_by_bit(kind: str, tmp_path: Path) -> None:
    contents = torch.arange(6 * DTYPES[kind].itemsize, dtype=torch.uint8) % 2
    path = write(tmp_path / "a.safetensors", {"a": entry(kind, [2, 3], 0, len(contents))}, bytes(contents.numpy()))
    file = open_safetensors(path)
    assert file.headers == {"a": TensorHeader(DTYPES[kind], (2, 3))}
    assert file.headers["a"].size_bytes == len(contents)
    read = file.read("a")
    assert (read.dtype, read.shape) == (DTYPES[kind].torch, (2, 3))
    assert torch.equal(read.reshape(-1).view(torch.uint8), contents)


def test_what_the_library_wrote_is_read(tmp_path: Path) -> None:
    tensors = {
        "many": torch.randn(5, 7),
        "half": torch.randn(3, dtype=torch.bfloat16),
        "one": torch.tensor(3.5),
        "none": torch.zeros(0, 4),
        "long": torch.tensor([2**62]),
    }
    save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "pt"})
    file = open_safetensors(tmp_path / "a.safetensors")
    assert file.headers == {
        name: TensorHeader(NumberType.of(each.dtype), tuple(each.shape)) for name, each in tensors.items()
    }
    for name, tensor in tensors.items():
        assert torch.equal(file.read(name), tensor)


def test_what_was_read_belongs_to_the_reader(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3)}, tmp_path / "a.safetensors")
    file = open_safetensors(tmp_path / "a.safetensors")
    file.read("a").zero_()
    assert torch.equal(file.read("a"), torch.ones(3))


SOUND = {"a": entry("F32", [2], 0, 8), "b": entry("F32", [1], 8, 12)}


@pytest.mark.parametrize(
    ("header", "num_bytes", "got"),
    [
        (SOUND, 11, "not fully covered"),
        (SOUND, 13, "not fully covered"),
        (SOUND | {"b": entry("F32", [1], 4, 8)}, 12, "invalid offset"),
        (SOUND | {"b": entry("F32", [2], 8, 12)}, 12, "invalid shape"),
        (SOUND | {"b": entry("F32", [2**62, 2**62], 8, 12)}, 12, "overflow"),
        ({"a": entry("WHAT", [2], 0, 8)}, 8, "unknown variant"),
        ({"a": 3}, 8, "invalid"),
        (b"{", 0, "invalid JSON"),
        (b"\xff\xff", 0, "not valid UTF-8|invalid UTF-8"),
    ],
)
def test_an_unsound_header_is_refused(
    header: dict[str, object] | bytes, num_bytes: int, got: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.safetensors", header, bytes(num_bytes))
    with pytest.raises(
        WeightsError,
        match=rf"a\.safetensors: got .*(?i:{got}).*, expected a whole safetensors file; copy the file again",
    ):
        open_safetensors(path)


@pytest.mark.parametrize("length", [100, 2**40])
def test_a_file_that_ends_within_its_header_is_refused(length: int, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="expected a whole safetensors file"):
        open_safetensors(write(tmp_path / "a.safetensors", SOUND, b"", length=length))


def test_a_file_that_is_cut_after_it_was_opened_is_told_by_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", SOUND, bytes(12))
    file = open_safetensors(path)
    size = path.stat().st_size
    with path.open("r+b") as cut:
        cut.truncate(size - 2)
    assert file.read("a").tolist() == [0, 0]
    with pytest.raises(WeightsError, match=rf"got an end after {size - 2} bytes, expected {size} bytes; copy the file"):
        file.read("b")


def test_a_packed_type_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", {"w": entry("F4", [4], 0, 2)}, bytes(2))
    with pytest.raises(WeightsError, match=r"a\.safetensors: tensor w: got type F4, expected one of BOOL, .*; take"):
        open_safetensors(path)
