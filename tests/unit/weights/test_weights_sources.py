"""Weights by path, run and address: looked into by their headers, or brought whole with their revision."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
import torch

from checkpoints.clip import position_ids, tower_config, tower_shapes
from checkpoints.weight_files import write_json, write_tensors
from doctorsun.errors import DataError, DoctorSunError, RecipeError, RequestError, WeightsError
from doctorsun.weights.inspect import inspect
from doctorsun.weights.sources import as_named, bring, local_weights, look_at
from hubs.both import BRANCH, HUBS, World, files_below, serve

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # within Hugging Face's client


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A tower of two megabytes, as ``torch.save`` writes it."""
    folder = tmp_path_factory.mktemp("tower")
    shapes = {name: shape for name, shape in tower_shapes().items() if "position_embedding" not in name}
    tensors = {name: torch.ones(shape) for name, shape in shapes.items()}
    tensors["vision_model.embeddings.position_embedding.weight"] = torch.ones(100**2 + 1, 24)
    write_tensors(folder, tensors | position_ids(), kind="bin")
    write_json(folder / "config.json", {**tower_config(), "image_size": 700})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=HUBS)
def world(
    request: pytest.FixtureRequest, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[World]:
    """A hub, and a folder of ours, that are named as users name them."""
    with serve(request.param, tmp_path, files) as world:
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(name, world.server.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        for name in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
            monkeypatch.setenv(name, str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        yield world


def test_weights_on_a_hub_are_described_without_their_contents(world: World, files: dict[str, bytes]):
    with look_at(f"{world.name}:o/n") as folder:
        facts = inspect(folder)
    assert facts["layout"] == "clip"
    assert facts["image"]["visual_tokens"] == 100**2
    assert facts["files_bytes"] == {name: len(content) for name, content in sorted(files.items())}
    ranges = [asked.headers["range"] for asked in world.server.paths("/storage/") if "range" in asked.headers]
    spans = [tuple(map(int, each.removeprefix("bytes=").split("-"))) for each in ranges]
    assert 0 < sum(stop - start + 1 for start, stop in spans) < len(files["pytorch_model.bin"]) / 2
    assert not (world.folder / "cache").exists() or "pytorch_model.bin" not in files_below(world.folder / "cache")


def test_an_error_names_the_address(world: World):
    world.published.commit({"config.json": b"{}"}, BRANCH[world.name])
    address = f"{world.name}:o/n"
    with pytest.raises(WeightsError, match=rf"^{address}: got no known layout"), look_at(address) as folder:
        inspect(folder)


def test_every_text_of_the_facts_names_the_address(world: World, files: dict[str, bytes]):
    tower = {f"sub/clip/{name}": content for name, content in files.items()}
    said = {**tower_config(), "image_size": 700, "hidden_act": "none"}
    world.published.commit({**tower, "sub/clip/config.json": json.dumps(said).encode()}, BRANCH[world.name])
    source = f"{world.name}:o/n/sub/clip"
    with look_at(source) as folder:
        facts = as_named(inspect(folder), folder, source)
        beside = [f"{folder.parent.parent}/config.json", {f"{folder}": 1}, (f"{folder}",), None]
        assert as_named(beside, folder, source) == [f"{world.name}:o/n/config.json", {source: 1}, (source,), None]
        assert as_named(beside, folder, "a/path") == beside
    assert facts["loads"]["why"].startswith(f"{source}: hidden_act: got 'none', expected one of gelu")
    assert "doctorsun-headers" not in json.dumps(facts)


@pytest.mark.parametrize("kind", [RecipeError, DataError])
def test_errors_of_every_kind_name_the_address(world: World, kind: type[DoctorSunError]):
    address = f"{world.name}:o/n"
    with pytest.raises(kind, match=rf"^{address}/tokenizer\.json: got {address}"), look_at(address) as folder:
        raise kind(f"{folder}/tokenizer.json", got=f"{folder}")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_not_the_folder_that_one_is_in(name: str):
    expected = (
        r"^the weights: got an empty name, expected weights, a run, or an address such as hf:owner/name; name them"
    )
    with pytest.raises(RequestError, match=expected):
        bring(name)
    with pytest.raises(RequestError, match=expected), look_at(name):
        pytest.fail("nothing is named")


def test_what_is_brought_is_called_by_its_revision(world: World, files: dict[str, bytes]):
    path, called = bring(f"{world.name}:o/n")
    assert called == f"{world.name}:o/n@{world.revision}"
    assert (path / "pytorch_model.bin").read_bytes() == files["pytorch_model.bin"]
    assert bring(f"{world.name}:o/n", locked=True, offline=True) == (path, called)


def test_a_path_is_taken_as_it_is(tmp_path: Path):
    assert bring(str(tmp_path)) == (tmp_path, str(tmp_path))
    with look_at(str(tmp_path)) as path:
        assert path == tmp_path


def test_a_run_stands_for_its_weights(tmp_path: Path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/config.json").write_text("{}")
    assert local_weights(tmp_path) == tmp_path / "weights"


def test_a_run_without_weights_is_told(tmp_path: Path):
    (tmp_path / "run.json").write_text(json.dumps({}))
    with pytest.raises(RequestError, match="got unfinished run, without weights"):
        local_weights(tmp_path)


def test_a_path_without_anything_is_told(tmp_path: Path):
    with pytest.raises(RequestError, match="none: got no such file or folder, expected weights, a run, or an address"):
        local_weights(tmp_path / "none")


def test_a_path_that_the_system_refuses_is_told(tmp_path: Path):
    with pytest.raises(RequestError, match="got File name too long, expected weights, a run, or an address"):
        local_weights(tmp_path / ("x" * 300))
