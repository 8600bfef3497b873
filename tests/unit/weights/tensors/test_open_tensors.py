import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.open import open_tensors

FIRST, SECOND = {"a": torch.ones(2), "b": torch.ones(3)}, {"c": torch.ones(4)}
SHARDS = {"safetensors": "model-0000{}-of-00002.safetensors", "bin": "pytorch_model-0000{}-of-00002.bin"}
INDEX = {"safetensors": "model.safetensors.index.json", "bin": "pytorch_model.bin.index.json"}


def save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path)


def write_index(folder: Path, weight_map: object, kind: str = "safetensors") -> None:
    content = {"metadata": {"total_size": 36}, "weight_map": weight_map}
    (folder / INDEX[kind]).write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(params=["safetensors", "bin"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path, kind: str) -> Path:
    first, second = (SHARDS[kind].format(number) for number in (1, 2))
    save(FIRST, tmp_path / first)
    save(SECOND, tmp_path / second)
    write_index(tmp_path, {"a": first, "b": first, "c": second}, kind)
    return tmp_path


def test_the_shards_of_a_folder_are_one(folder: Path) -> None:
    files = open_tensors(folder)
    assert {name: header.shape for name, header in files.headers.items()} == {"a": (2,), "b": (3,), "c": (4,)}
    assert files.read("c").tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_single_file_is_found_in_its_folder(name: str, tmp_path: Path) -> None:
    save(FIRST, tmp_path / name)
    assert open_tensors(tmp_path).read("a").tolist() == [1, 1]


@pytest.mark.parametrize("name", ["mm_projector.bin", "iter_10.pth", "x.pt", "adapter_model.safetensors"])
def test_a_file_of_any_name_is_opened(name: str, tmp_path: Path) -> None:
    save(SECOND, tmp_path / name)
    assert open_tensors(tmp_path / name).read("c").tolist() == [1, 1, 1, 1]


def test_safetensors_are_taken_where_both_are_there(tmp_path: Path) -> None:
    save(FIRST, tmp_path / "model.safetensors")
    save(SECOND, tmp_path / "pytorch_model.bin")
    assert list(open_tensors(tmp_path).headers) == ["a", "b"]


def test_a_missing_shard_is_named(folder: Path, kind: str) -> None:
    shard = SHARDS[kind].format(2)
    (folder / shard).unlink()
    with pytest.raises(WeightsError, match=rf"json: got no file {shard}, expected every shard that it names; fetch"):
        open_tensors(folder)


def test_a_tensor_in_two_shards_is_named(folder: Path, kind: str) -> None:
    save(SECOND | {"a": torch.zeros(2)}, folder / SHARDS[kind].format(2))
    one, two = (SHARDS[kind].format(number) for number in (1, 2))
    with pytest.raises(WeightsError, match=rf"tensor a: got in {one} and in {two}, expected it once; fetch"):
        open_tensors(folder)


def test_a_tensor_that_no_shard_holds_is_named(folder: Path, kind: str) -> None:
    write_index(folder, {"a": SHARDS[kind].format(1), "z": SHARDS[kind].format(2)}, kind)
    with pytest.raises(WeightsError, match=rf"tensor z: got it nowhere, expected in {SHARDS[kind].format(2)}; fetch"):
        open_tensors(folder)


def test_a_tensor_in_another_shard_is_named(folder: Path, kind: str) -> None:
    one, two = (SHARDS[kind].format(number) for number in (1, 2))
    write_index(folder, {"a": two, "b": one, "c": two}, kind)
    with pytest.raises(WeightsError, match=rf"tensor a: got in {one}, expected in {two}; fetch the folder again"):
        open_tensors(folder)


@pytest.mark.parametrize("shard", ["../secret.bin", "/etc/secret.bin", "deep/x.bin", "..", "", "a\\b.bin"])
def test_an_index_that_leaves_its_folder_is_refused(shard: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    save(FIRST, tmp_path / "secret.bin")
    write_index(inside, {"a": shard})
    with pytest.raises(WeightsError, match=r"index\.json: got the file '.*', expected plain names of files; mistrust"):
        open_tensors(inside)


@pytest.mark.parametrize("content", ["{", "[1]", "3", "\udcff"])
def test_an_index_that_is_no_json_object_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / INDEX["bin"]).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(WeightsError, match=r"index\.json: got .*, expected a JSON object; fetch the file again"):
        open_tensors(tmp_path)


@pytest.mark.parametrize("weight_map", [None, {}, ["a"]])
def test_an_index_without_a_map_is_refused(weight_map: object, tmp_path: Path) -> None:
    write_index(tmp_path, weight_map)
    with pytest.raises(WeightsError, match=r"index\.json: got no weight_map, expected tensor: file; fetch the file"):
        open_tensors(tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"got a folder without weights, expected one of model\.safetensors\.index"):
        open_tensors(tmp_path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match=r"got a file '\*\.gguf', expected \.safetensors, \.bin, \.pth, \.pt; name"):
        open_tensors(tmp_path / "model.gguf")
    with pytest.raises(WeightsError, match="nothing: got no such file, expected a file of tensors"):
        open_tensors(tmp_path / "nothing")
    shutil.rmtree(tmp_path)
