import hashlib
import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from doctorsun.errors import MachineError, WeightsError
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.shard_writer import INDEX, PROGRESS, write_shards
from doctorsun.weights.tensors.tensor_files import TensorHeader

TENSORS = {
    "vision.a": torch.arange(12, dtype=torch.float16).reshape(3, 4),
    "vision.b": torch.arange(5, dtype=torch.float32),
    "language.c": torch.arange(10, dtype=torch.bfloat16),
    "language.d": torch.tensor(3, dtype=torch.int64),
    "language.e": torch.zeros(0, 3),
    "language.f": torch.arange(7, dtype=torch.float32)[::2],
}


class Source:
    """Tensors that count how often each was computed; one may break."""

    def __init__(self, tensors: dict[str, Tensor] | None = None) -> None:
        self.tensors = tensors or TENSORS
        self.computed: list[str] = []
        self.breaks_at = ""

    def lazy(self) -> dict[str, LazyTensor]:
        return {name: LazyTensor(head(each), lambda name=name: self.read(name), (name,)) for name, each in self.items()}

    def items(self) -> Any:
        return self.tensors.items()

    def read(self, name: str) -> Tensor:
        if name == self.breaks_at:
            raise WeightsError("source", got="a damaged file", expected="a whole one", do="copy it again")
        self.computed.append(name)
        return self.tensors[name].clone()


def head(tensor: Tensor) -> TensorHeader:
    return TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape))


def read_all(folder: Path) -> dict[str, Tensor]:
    files = open_tensors(folder)
    return {name: files.read(name) for name in files.headers}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_few_tensors_become_one_file(tmp_path: Path) -> None:
    sums = write_shards(Source().lazy(), tmp_path / "out")
    assert sums == {"model.safetensors": sha256(tmp_path / "out/model.safetensors")}
    assert same(read_all(tmp_path / "out"), TENSORS)
    assert same(load_file(tmp_path / "out/model.safetensors"), TENSORS)


def test_many_tensors_become_shards_with_an_index(tmp_path: Path) -> None:
    sums = write_shards(Source().lazy(), tmp_path, shard_bytes=30)
    names = [f"model-0000{number}-of-00004.safetensors" for number in range(1, 5)]
    assert sums == {name: sha256(tmp_path / name) for name in [*names, INDEX]}
    index = json.loads((tmp_path / INDEX).read_text(encoding="utf-8"))
    assert index["weight_map"] == {
        "vision.a": names[0],
        "vision.b": names[1],
        "language.c": names[2],
        "language.d": names[2],
        "language.e": names[2],
        "language.f": names[3],
    }
    assert index["metadata"]["total_size"] == sum(each.numel() * each.itemsize for each in TENSORS.values())
    assert same(read_all(tmp_path), TENSORS)


def test_contents_lie_at_multiples_of_their_size(tmp_path: Path) -> None:
    write_shards(Source({"odd": torch.ones(3, dtype=torch.int8), "wide": torch.ones(2)}).lazy(), tmp_path)
    raw = (tmp_path / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    assert length % 8 == 0
    assert header["wide"]["data_offsets"][0] % 4 == 0
    assert header["__metadata__"] == {"format": "pt"}


def test_a_tensor_larger_than_a_shard_has_its_own(tmp_path: Path) -> None:
    write_shards(Source().lazy(), tmp_path, shard_bytes=1)
    assert len(list(tmp_path.glob("*.safetensors"))) == 6
    assert same(read_all(tmp_path), TENSORS)


def test_equal_tensors_give_equal_bytes(tmp_path: Path) -> None:
    first = write_shards(Source().lazy(), tmp_path / "a", shard_bytes=30, identity="one")
    assert write_shards(Source().lazy(), tmp_path / "b", shard_bytes=30, identity="other") == first


def broken_off(folder: Path, at: str, **options: Any) -> None:
    source = Source()
    source.breaks_at = at
    with pytest.raises(WeightsError, match="a damaged file"):
        write_shards(source.lazy(), folder, shard_bytes=30, **options)


def test_finished_shards_are_kept(tmp_path: Path) -> None:
    broken_off(tmp_path, at="language.d")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model-00001-of-00004.safetensors", "model-00002-of-00004.safetensors", PROGRESS
    ]  # fmt: skip
    source = Source()
    sums = write_shards(source.lazy(), tmp_path, shard_bytes=30)
    assert source.computed == ["language.d", "language.e", "language.c", "language.f"]
    assert sums == write_shards(Source().lazy(), tmp_path / "undisturbed", shard_bytes=30)
    assert same(read_all(tmp_path), TENSORS)


def test_nothing_is_computed_where_all_is_there(tmp_path: Path) -> None:
    sums = write_shards(Source().lazy(), tmp_path, shard_bytes=30)
    source = Source()
    assert write_shards(source.lazy(), tmp_path, shard_bytes=30) == sums
    assert source.computed == []


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_shard_that_changed_is_written_anew(damage: bytes | None, tmp_path: Path) -> None:
    broken_off(tmp_path, at="language.f")
    second = tmp_path / "model-00002-of-00004.safetensors"
    if damage is None:
        second.unlink()
    else:
        second.write_bytes(second.read_bytes()[: -len(damage) or None] + damage if damage else b"")
    source = Source()
    write_shards(source.lazy(), tmp_path, shard_bytes=30)
    assert source.computed == ["vision.b", "language.f"]
    assert same(read_all(tmp_path), TENSORS)


@pytest.mark.parametrize(
    "options", [{"shard_bytes": 40}, {"shard_bytes": 10**9}, {"shard_bytes": 30, "identity": "other"}]
)
def test_shards_of_another_write_are_not_kept(options: dict[str, Any], tmp_path: Path) -> None:
    broken_off(tmp_path, at="language.f")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    source = Source()
    sums = write_shards(source.lazy(), tmp_path, **options)
    assert sorted(source.computed) == sorted(TENSORS)
    assert {path.name for path in tmp_path.iterdir()} == {*sums, PROGRESS, "config.json"}


def test_what_a_kill_left_of_a_shard_is_removed(tmp_path: Path) -> None:
    broken_off(tmp_path, at="language.f")
    (tmp_path / ".model-00004-of-00004.safetensors.unfinished").write_bytes(b"half")
    write_shards(Source().lazy(), tmp_path, shard_bytes=10**9)
    assert {path.name for path in tmp_path.iterdir()} == {"model.safetensors", PROGRESS}


@pytest.mark.parametrize("content", ["", "{"])
def test_progress_that_cannot_be_read_counts_for_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / PROGRESS).write_text(content, encoding="utf-8")
    write_shards(Source().lazy(), tmp_path)
    assert same(read_all(tmp_path), TENSORS)


def test_a_full_disk_keeps_what_is_finished(tmp_path: Path) -> None:
    large = Source({"a": torch.ones(10_000), "b": torch.ones(60_000), "c": torch.ones(10)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(MachineError, match=r"no room on the disk for .*: got .*; free some space and run again"):
            write_shards(large.lazy(), tmp_path, shard_bytes=50_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    large.computed.clear()
    write_shards(large.lazy(), tmp_path, shard_bytes=50_000)
    assert large.computed == ["b", "c"]


def test_the_disk_is_checked_before_the_first_byte(tmp_path: Path) -> None:
    endless = LazyTensor(TensorHeader(NumberType.UINT8, (2**62,)), lambda: torch.ones(1), ("a",))
    with pytest.raises(MachineError, match=r"no room .*: got .* [kMGT]?B free, expected 4\.61e\+06 TB; free some"):
        write_shards({"a": endless}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]


@pytest.mark.parametrize("computed", [torch.ones(3, 2), torch.ones(6), torch.ones(2, 3, dtype=torch.float16)])
def test_a_tensor_that_is_not_as_it_said_is_refused(computed: Tensor, tmp_path: Path) -> None:
    lying = LazyTensor(TensorHeader(NumberType.FLOAT32, (2, 3)), lambda: computed, ("a",))
    with pytest.raises(WeightsError, match=r"tensor a: got float.*, expected float32 \[2, 3\]; tell us"):
        write_shards({"a": lying}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS]


def test_a_type_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"tensor a: got complex128, expected a type of safetensors; name"):
        write_shards(Source({"a": torch.ones(2, dtype=torch.complex128)}).lazy(), tmp_path)
