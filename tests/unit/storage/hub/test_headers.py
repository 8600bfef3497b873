import io
import json
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.address import HubName
from doctorsun.storage.hub.headers import remote_headers
from doctorsun.storage.hub.pull import PullRules
from hubs.both import HUBS, World, serve

NUM_ROWS = 30_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("weights")
    tensors = {"a": torch.arange(NUM_ROWS * 7, dtype=torch.float32).reshape(NUM_ROWS, 7), "b": torch.ones(3)}
    save_file(tensors, folder / "model.safetensors")
    torch.save({"state_dict": tensors, "meta": {"epoch": 3}}, folder / "iter_1.pth")
    save_file({"b": tensors["b"]}, folder / "small.safetensors")
    (folder / "config.json").write_text('{"model_type": "llava"}')
    (folder / "cut.bin").write_bytes(b"PK" + bytes(300_000))
    (folder / "old.bin").write_bytes(b"\x80\x02" + bytes(300_000))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def look(world: World, rest: str = "", **rules: bool) -> dict[str, bytes]:
    with remote_headers(world.address(rest), world.client(), world.lock, rules=PullRules(**rules)) as folder:
        found = [folder] if folder.is_file() else sorted(folder.iterdir())
        return {path.name: path.read_bytes() for path in found}


def num_sent(world: World) -> int:
    """Bytes of ranges that were asked for."""
    ranges = [asked.headers["range"] for asked in world.server.paths("/storage/") if "range" in asked.headers]
    spans = [tuple(map(int, each.removeprefix("bytes=").split("-"))) for each in ranges]
    return sum(stop - start + 1 for start, stop in spans)


@pytest.mark.parametrize("name", HUBS)
def test_only_headers_come_and_holes_stand_for_the_rest(name: HubName, files: dict[str, bytes], tmp_path: Path):
    with serve(name, tmp_path, files) as world:
        seen = look(world)
        assert {path: len(content) for path, content in seen.items()} == {p: len(c) for p, c in files.items()}
        assert {path for path, content in seen.items() if content == files[path]} >= {
            "config.json",
            "small.safetensors",
        }
        whole = files["model.safetensors"]
        num_bytes = struct.unpack("<Q", whole[:8])[0]
        assert seen["model.safetensors"][: 8 + num_bytes] == whole[: 8 + num_bytes]
        assert json.loads(seen["model.safetensors"][8 : 8 + num_bytes])["a"]["shape"] == [NUM_ROWS, 7]
        assert seen["model.safetensors"][-300_000:] == bytes(300_000)
        assert num_sent(world) < sum(map(len, files.values())) / 2
        assert not world.lock.path.exists()


@pytest.mark.parametrize("name", HUBS)
def test_an_archive_comes_with_all_but_its_numbers(name: HubName, files: dict[str, bytes], tmp_path: Path):
    with serve(name, tmp_path, {"iter_1.pth": files["iter_1.pth"]}) as world:
        (tmp_path / "copy.pth").write_bytes(look(world)["iter_1.pth"])
        (tmp_path / "whole.pth").write_bytes(files["iter_1.pth"])
        with zipfile.ZipFile(tmp_path / "copy.pth") as copy, zipfile.ZipFile(tmp_path / "whole.pth") as whole:
            assert copy.namelist() == whole.namelist()
            assert copy.read("iter_1/data.pkl") == whole.read("iter_1/data.pkl")
            assert copy.read("iter_1/byteorder") == whole.read("iter_1/byteorder")


@pytest.fixture
def unchecked(tmp_path: Path) -> bytes:
    """An archive that torch.save wrote without checksums."""
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.ones(NUM_ROWS, 7)}, tmp_path / "iter_2.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    return (tmp_path / "iter_2.pth").read_bytes()


@pytest.mark.parametrize("name", HUBS)
def test_an_archive_without_checksums_comes_so_too(name: HubName, unchecked: bytes, tmp_path: Path):
    with zipfile.ZipFile(io.BytesIO(unchecked)) as whole:
        records = [each for each in whole.infolist() if "/data/" not in each.filename]
    with serve(name, tmp_path, {"iter_2.pth": unchecked}) as world:
        seen = look(world)["iter_2.pth"]
    assert len(records) > 2
    for each in records:
        spans = slice(each.header_offset, each.header_offset + 30 + len(each.filename) + each.file_size)
        assert seen[spans] == unchecked[spans], each.filename


@pytest.mark.parametrize("name", HUBS)
def test_one_file_can_be_looked_into(name: HubName, files: dict[str, bytes], tmp_path: Path):
    with serve(name, tmp_path, files) as world:
        assert list(look(world, "/iter_1.pth")) == ["iter_1.pth"]
        assert not world.server.paths("safetensors|config")


@pytest.mark.parametrize("name", HUBS)
def test_what_is_in_the_cache_is_looked_into_there(name: HubName, files: dict[str, bytes], tmp_path: Path):
    with serve(name, tmp_path, files) as world:
        world.pull()
        num_asked = len(world.server.asked)
        assert look(world, offline=True) == files
        assert len(world.server.asked) == num_asked


def test_offline_a_file_that_is_not_here_is_told(world: World):
    folder = world.pull()
    (folder / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"o/n: offline: got model\.safetensors is not on this machine; pull it first"):
        look(world, offline=True)


def test_locked_looks_only_at_what_the_lock_names(world: World):
    with pytest.raises(RecipeError, match="the lock does not name"):
        look(world, locked=True)
