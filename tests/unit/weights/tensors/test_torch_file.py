import io
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader
from doctorsun.weights.tensors.torch_file import MAX_DEPTH, TorchFile, open_torch, read_pickled
from doctorsun.weights.tensors.torch_pickle import Inert, StoredTensor

WHOLE = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"


def saved(tree: Any, path: Path) -> TorchFile:
    torch.save(tree, path)
    return open_torch(path)


def change_records(path: Path, change: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED) -> None:
    """Write an archive anew with other records; None takes one out."""
    with zipfile.ZipFile(path) as archive:
        records = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in (records | change).items():
            if data is not None:
                archive.writestr(f"archive/{name}", data)


@pytest.mark.parametrize("kind", NumberType)
def test_every_type_comes_back_bit_by_bit(kind: NumberType, path: Path) -> None:
    tensor = (torch.arange(6 * kind.itemsize, dtype=torch.uint8) % 2).view(kind.torch).reshape(2, 3)
    file = saved({"a": tensor, "b": tensor[1]}, path)
    assert file.headers == {"a": TensorHeader(kind, (2, 3)), "b": TensorHeader(kind, (3,))}
    assert torch.equal(file.read("a").view(torch.uint8), tensor.view(torch.uint8))
    assert torch.equal(file.read("b").view(torch.uint8), tensor[1].view(torch.uint8))


@pytest.mark.parametrize(
    "tensor",
    [
        WHOLE, WHOLE[1], WHOLE[:, 2], WHOLE[..., 1::2], WHOLE.mT, WHOLE.permute(1, 2, 0), WHOLE[2, 3, 4], WHOLE[:0],
        torch.tensor(7), torch.zeros(0), WHOLE[1:2].expand(1, 4, 5), torch.arange(5).expand(1, -1),
    ],
)  # fmt: skip
def test_every_view_of_a_storage_is_read_right(tensor: torch.Tensor, path: Path) -> None:
    file = saved({"a": tensor}, path)
    assert file.headers["a"] == TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape))
    assert torch.equal(file.read("a"), tensor)
    assert file.read("a").is_contiguous()


def test_tensors_may_share_a_storage(path: Path) -> None:
    weight = torch.randn(4, 3)
    file = saved({"embed": weight, "head": weight, "row": weight[2]}, path)
    assert len(file.archive.records) == 1
    file.read("embed").zero_()
    assert torch.equal(file.read("head"), weight)
    assert torch.equal(file.read("row"), weight[2])


def test_parameters_and_ordered_dictionaries_are_read(path: Path) -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
    file = saved(OrderedDict(network.state_dict(keep_vars=True)), path)
    assert list(file.headers) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert torch.equal(file.read("1.weight"), network[1].weight)
    kept = saved({"a": network[0].weight}, path)
    assert torch.equal(kept.read("a"), network[0].weight)


def test_a_parameter_with_attributes_of_its_own_is_read(path: Path) -> None:
    parameter = nn.Parameter(torch.ones(3))
    parameter.tag = "own"  # pyright: ignore[reportAttributeAccessIssue]
    assert saved({"a": parameter}, path).read("a").tolist() == [1, 1, 1]


@pytest.mark.parametrize("key", ["state_dict", "module"])
def test_the_network_of_a_checkpoint_is_taken(key: str, path: Path) -> None:
    tree = {"meta": {"epoch": 1}, key: OrderedDict(a=torch.ones(2)), "optimizer": {"state": {0: {"m": torch.ones(9)}}}}
    assert list(saved(tree, path).headers) == ["a"]


def test_nested_dictionaries_are_joined_by_dots(path: Path) -> None:
    tree = {"projector": {"0": {"weight": torch.ones(2)}}, "step": 3, "note": None}
    assert list(saved(tree, path).headers) == ["projector.0.weight"]


def test_the_whole_tree_can_be_reached(path: Path) -> None:
    tree = {"meta": {"epoch": 1, "time": "now"}, "list": [torch.ones(2), 1.5], "shapes": OrderedDict(a=torch.Size([2]))}
    torch.save(tree, path)
    archive = read_pickled(path)
    assert archive.tree["meta"] == tree["meta"]
    assert archive.tree["shapes"] == {"a": torch.Size([2])}
    first = archive.tree["list"][0]
    assert isinstance(first, StoredTensor)
    assert archive.read(first, "first").tolist() == [1, 1]


def test_a_range_of_a_flat_tensor_is_read_alone(path: Path) -> None:
    flat = torch.arange(100, dtype=torch.float32)
    archive = saved({"a": flat[10:]}, path).archive
    numbers = torch.zeros(5)
    archive.read_into(numbers[1:4], archive.tree["a"], "a", 5)
    assert numbers.tolist() == [0, 15, 16, 17, 0]


class Foreign:
    """A class that the reader must never import."""

    def __init__(self) -> None:
        self.weight = torch.ones(2)


def test_foreign_objects_are_inert(path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(2)}, "scaler": Foreign(), "kind": Foreign}, path)
    tree = read_pickled(path).tree
    assert isinstance(tree["scaler"], Inert)
    assert tree["scaler"].origin == f"{__name__}.Foreign"
    assert list(open_torch(path).headers) == ["a"]


def test_a_file_from_before_the_archives_is_refused_with_the_way_out(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match=r"got a bare pickle, expected the archive that .* since 1\.6; save it"):
        open_torch(path)


@pytest.mark.parametrize("content", [b"\x00" * 100, b"<html>", b"P"])
def test_another_kind_of_file_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"got another kind of file, expected a torch\.save archive; copy the file"):
        open_torch(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float, path: Path) -> None:
    torch.save({"a": torch.ones(5000)}, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(WeightsError, match=r"model\.bin: got .*, expected a whole torch\.save archive; copy the file"):
        open_torch(path)


def test_a_damaged_pickle_is_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    change_records(path, {"data.pkl": b"\x80\x02}q\x00X"})
    with pytest.raises(WeightsError, match=r"got .*, expected tensors in plain dictionaries; take safetensors instead"):
        open_torch(path)


def test_a_record_with_a_wrong_checksum_is_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v4"))
    with pytest.raises(WeightsError, match=r"got Bad CRC-32 .*, expected a whole torch\.save archive"):
        open_torch(path)


def flipped(path: Path, content: bytes) -> None:
    """Change one bit in the middle of what stands once in a file."""
    data = bytearray(path.read_bytes())
    assert data.count(content) == 1
    data[data.index(content) + len(content) // 2] ^= 1
    path.write_bytes(data)


def test_a_tensor_with_a_wrong_checksum_is_refused_by_its_name(path: Path) -> None:
    whole, shared = torch.arange(9.0), torch.arange(20.0, 30.0)
    torch.save({"a": torch.ones(2), "layer.b": whole, "c": shared[1:]}, path)
    for content in (whole.numpy().tobytes(), shared.numpy().tobytes()):
        flipped(path, content)
    file = open_torch(path)
    assert file.read("a").tolist() == [1, 1]
    with pytest.raises(
        WeightsError,
        match=r"bin: tensor layer\.b: got bytes with the CRC-32 \w{8}, expected \w{8}, as the archive says",
    ):
        file.read("layer.b")
    assert not torch.equal(file.read("c"), shared[1:])  # a piece of a record has no checksum of its own


def test_an_archive_without_checksums_is_read(path: Path) -> None:
    numbers = torch.arange(9.0)
    torch.serialization.set_crc32_options(compute_crc32=False)
    try:
        torch.save({"a": numbers}, path)
    finally:
        torch.serialization.set_crc32_options(compute_crc32=True)
    assert torch.equal(open_torch(path).read("a"), numbers)
    flipped(path, numbers.numpy().tobytes())
    assert not torch.equal(open_torch(path).read("a"), numbers)


def test_numbers_of_the_other_byte_order_are_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    change_records(path, {"byteorder": b"big"})
    with pytest.raises(WeightsError, match=r"got byte order 'big', expected 'little'; save it again on a little"):
        open_torch(path)
    change_records(path, {"byteorder": None})
    assert list(open_torch(path).headers) == ["a"]


def test_compressed_records_are_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    change_records(path, {}, zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match=r"storage 0: got a compressed or encrypted record, expected 8 stored bytes"):
        open_torch(path)


@pytest.mark.parametrize(("data", "got"), [(None, "no such record"), (b"1234567", "7 bytes")])
def test_a_storage_that_is_missing_or_short_is_refused(data: bytes | None, got: str, path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    change_records(path, {"data/0": data})
    with pytest.raises(
        WeightsError, match=rf"model\.bin: storage 0: got {got}, expected 8 stored bytes; copy the file"
    ):
        open_torch(path)


def test_a_zip_of_something_else_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(WeightsError, match=r"got a zip file without data\.pkl, expected a torch\.save archive; name"):
        open_torch(path)


def test_a_program_is_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    change_records(path, {"constants.pkl": b"x"})
    with pytest.raises(WeightsError, match="got a TorchScript program, expected weights alone; name another file"):
        open_torch(path)


def test_two_records_of_one_name_are_refused(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model/data/0", bytes(8))
    with pytest.raises(WeightsError, match="got two records of one name, expected names that stand once; name another"):
        open_torch(path)


@pytest.mark.parametrize("tree", [{}, {"a": 1}, 3, None, [torch.ones(2)], {"state_dict": {}, "b": torch.ones(2)}])
def test_a_file_without_named_tensors_is_refused(tree: object, path: Path) -> None:
    with pytest.raises(WeightsError, match="got no tensors, expected the weights of a network; name another file"):
        saved(tree, path)


def test_dictionaries_within_dictionaries_have_an_end(path: Path) -> None:
    tree: dict[str, Any] = {"a": torch.ones(1)}
    for _ in range(MAX_DEPTH):
        tree = {"deeper": tree}
    with pytest.raises(WeightsError, match="got more, expected at most 16 dictionaries within each other; save the"):
        saved(tree, path)


def test_a_tensor_that_repeats_its_numbers_without_end_is_refused(path: Path) -> None:
    file = saved({"a": torch.ones(1).expand(2**50)}, path)
    with pytest.raises(WeightsError, match="got a tensor of 4503599627370496 bytes that repeats 4, expected tensors"):
        file.read("a")


def test_a_pickle_of_a_gigabyte_is_refused_unread(path: Path) -> None:
    torch.save({"a": torch.ones(2)}, path)
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("archive/data.pkl", "w") as file:
        for _ in range(257):
            file.write(bytes(2**20))
    path.write_bytes(zeros.getvalue())
    assert path.stat().st_size < 2**20
    with pytest.raises(WeightsError, match=r"got 269484032, expected at most 268435456 bytes beside the tensors; save"):
        open_torch(path)


def test_reading_is_the_same_as_the_library_reads(path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    tree = {f"layer.{i}": torch.randn(i + 1, 7, generator=generator).to(torch.bfloat16) for i in range(20)}
    file = saved(tree, path)
    theirs = torch.load(path, weights_only=True)
    assert all(torch.equal(file.read(name), theirs[name]) for name in theirs)
