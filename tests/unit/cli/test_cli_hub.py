"""Commands that bring weights and stores from a hub, and to one, walked with the real clients against loopback hubs."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from doctorsun.cli.main import app
from doctorsun.cli.session import Session
from doctorsun.errors import DataError, DoctorSunError, RecipeError, RequestError
from doctorsun.storage.store import Store
from hubs.both import BRANCH, FILES, HUBS, TAKEN, TOKEN, World, files_below, serve
from hubs.object_storage import ENVIRONMENT, serve_buckets
from small_model import assistant, sample, write_store

pytestmark = pytest.mark.filterwarnings(
    "ignore:Use 'content=:DeprecationWarning",  # within Hugging Face's client
)


@pytest.fixture(params=HUBS)
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A repository on a hub that is named as users name it."""
    with serve(request.param, tmp_path) as world:
        for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
            monkeypatch.setenv(name, world.server.url)
        for name in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
            monkeypatch.setenv(name, str(tmp_path / "cache"))
        for name in ("HF_TOKEN", "MODELSCOPE_API_TOKEN"):
            monkeypatch.setenv(name, TOKEN)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.chdir(tmp_path)
        yield world


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_store(tmp_path / "store", [sample("a", assistant("Some text.")), sample("b", assistant("一些文字。"))])
    return tmp_path / "store"


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, obj=Session("en"))
    if isinstance(done.exception, DoctorSunError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_weights_are_pulled_into_the_cache(world: World):
    facts = json.loads(run("weights", "pull", f"{world.name}:o/n", "--json"))
    assert facts["revision"] == world.revision
    assert (facts["files"], facts["bytes"]) == (len(TAKEN), sum(len(FILES[path]) for path in TAKEN))
    assert files_below(Path(facts["folder"])).keys() == set(TAKEN)
    assert "models.lock" in [path.name for path in world.folder.iterdir()]


def test_weights_are_pulled_to_a_folder_and_again_from_the_cache(world: World):
    text = run("weights", "pull", f"{world.name}:o/n", "out")
    assert f"revision  {world.revision}" in text
    assert files_below(world.folder / "out").keys() == set(TAKEN)
    run("weights", "pull", f"{world.name}:o/n")
    run("weights", "pull", f"{world.name}:o/n", "again", "--offline", "--locked")
    assert files_below(world.folder / "again") == files_below(world.folder / "out")


def test_options_are_passed_on(world: World):
    with pytest.raises(RecipeError, match="the lock does not name"):
        run("weights", "pull", f"{world.name}:o/n", "--locked")
    with pytest.raises(DataError, match="offline"):
        run("weights", "pull", f"{world.name}:o/n", "--offline")


@pytest.mark.parametrize("command", [("weights", "pull", "o/n"), ("data", "pull", "o/n", "out")])
def test_what_is_no_address_is_told(command: tuple[str, ...]):
    with pytest.raises(
        RecipeError, match=r"'o/n': got no address of a hub, expected hf:owner/name.*; give the hub's name"
    ):
        run(*command)


def test_a_signature_behind_what_is_no_address_is_not_repeated():
    with pytest.raises(RecipeError, match=r"'https://bucket\.example/x': got no address") as raised:
        run("data", "pull", "https://bucket.example/x?Signature=SIGNED", "out")
    assert "SIGNED" not in str(raised.value)


def test_weights_are_pushed_from_a_run(world: World):
    weights = world.folder / "run" / "weights"
    weights.mkdir(parents=True)
    for path in ("config.json", "model.safetensors"):
        (weights / path).write_bytes(FILES[path])
    facts = json.loads(run("weights", "push", "run", f"{world.name}:me/new", "--private", "--json"))
    assert facts["page"].endswith("me/new")
    assert facts["files"] == 2
    assert facts["unchecked"] == "no SHA256SUMS in the folder"
    pushed = world.server.repositories["model", "me/new"].at(BRANCH[world.name]).files
    assert {path: pushed[path] for path in ("config.json", "model.safetensors")} == files_below(weights)


def test_a_folder_without_weights_is_not_pushed(world: World):
    with pytest.raises(RequestError, match="got no such folder, expected a finished run, or a folder of weights"):
        run("weights", "push", "none", f"{world.name}:me/new")


def test_a_commit_is_no_place_to_push_to(world: World, store: Path):
    with pytest.raises(RecipeError, match="got a commit"):
        run("data", "push", str(store), f"{world.name}:me/new@{'a' * 40}")
    assert not (store / "README.md").exists()


def test_a_store_is_pushed_with_its_card_and_pulled_again(world: World, store: Path):
    facts = json.loads(run("data", "push", str(store), f"{world.name}:me/data", "--json"))
    assert facts["files"] == 3
    assert "unchecked" not in facts
    pushed = world.server.repositories["dataset", "me/data"].at(BRANCH[world.name]).files
    assert pushed["README.md"].startswith(b"---\n")
    run("data", "pull", f"{world.name}:me/data", "pulled")
    assert list(Store(world.folder / "pulled")) == list(Store(store))
    assert Store(world.folder / "pulled").sha256 == Store(store).sha256
    assert files_below(world.folder / "pulled") == files_below(store)
    assert [path.name for path in world.folder.iterdir() if "unfinished" in path.name] == []


def test_a_push_that_is_sure_to_fail_reads_no_file(world: World, store: Path, monkeypatch: pytest.MonkeyPatch):
    next((store / "shards").iterdir()).write_bytes(b"damaged")
    for name in ("HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(DataError, match=rf"^{world.name}:me/data: got 401, no token to push with, .*; set \w+_TOKEN"):
        run("data", "push", str(store), f"{world.name}:me/data")
    with serve_buckets("bucket") as server:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DataError, match="s3://no-bucket: got no such bucket"):
            run("data", "push", str(store), "s3://no-bucket/demo")


def test_a_card_that_is_there_is_kept(world: World, store: Path):
    (store / "README.md").write_text("---\nlicense: other\n---\nOurs.\n")
    run("data", "push", str(store), f"{world.name}:me/data")
    pushed = world.server.repositories["dataset", "me/data"].at(BRANCH[world.name]).files
    assert pushed["README.md"].endswith(b"Ours.\n")


def test_a_damaged_store_is_not_pushed(world: World, store: Path):
    shard = next((store / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="parquet"):
        run("data", "push", str(store), f"{world.name}:me/data")
    assert not world.server.asked


def test_a_store_whose_manifest_tells_of_other_shards_is_not_taken(world: World, store: Path):
    run("data", "push", str(store), f"{world.name}:me/data")
    other = json.loads((store / "manifest.json").read_text())
    other["shards"][0]["sha256"] = "0" * 64
    repository = world.server.repositories["dataset", "me/data"]
    repository.commit({"manifest.json": json.dumps(other).encode()}, BRANCH[world.name])
    with pytest.raises(DataError, match="parquet"):
        run("data", "pull", f"{world.name}:me/data", "pulled")
    assert not (world.folder / "pulled").exists()


def test_a_store_goes_to_object_storage_and_comes_back(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with serve_buckets("bucket") as server:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url, "DOCTORSUN_CACHE": "cache"}.items():
            monkeypatch.setenv(name, value)
        facts = json.loads(run("data", "push", "store", "s3://bucket/sets/demo", "--json"))
        assert (facts["address"], facts["page"]) == ("s3://bucket/sets/demo", "s3://bucket/sets/demo")
        assert json.loads(run("data", "pull", "s3://bucket/sets/demo", "copy", "--json"))["files"] == 3
    assert files_below(tmp_path / "copy") == files_below(store)
    assert Store(tmp_path / "copy").sha256 == Store(store).sha256
