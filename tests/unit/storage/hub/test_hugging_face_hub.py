import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from huggingface_hub import close_session, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.hugging_face import HuggingFaceHub
from doctorsun.storage.hub.remote_file import RemoteFile, Repository
from hubs.both import FILES, TOKEN, World, serve
from hubs.hugging_face import PAGE
from hubs.loopback import Fault
from hubs.published import git_oid, sha256

REPOSITORY = Repository(name="o/n", kind="model")


@pytest.fixture
def world(tmp_path: Path) -> Generator[World]:
    with serve("hf", tmp_path) as world:
        yield world


def test_a_branch_means_its_newest_commit(world: World):
    newest = world.published.commit({"config.json": b"{}"})
    assert world.client().resolve(REPOSITORY, None) == world.client().resolve(REPOSITORY, "main") == newest
    assert world.client().resolve(REPOSITORY, world.revision) == world.revision


def test_a_listing_of_several_pages_is_whole(world: World):
    files = {file.path: file for file in world.client().files(REPOSITORY, world.revision)}
    assert len(FILES) > PAGE
    assert files.keys() == FILES.keys()
    big, small = FILES["model.safetensors"], FILES["config.json"]
    assert files["model.safetensors"] == RemoteFile(path="model.safetensors", size_bytes=len(big), sha256=sha256(big))
    assert files["config.json"] == RemoteFile(path="config.json", size_bytes=len(small), git_sha1=git_oid(small))


@pytest.mark.parametrize("name", ["o/" + "n" * 200, "o--o/n", "o/n.git"])
def test_a_name_that_the_client_refuses_is_told(world: World, name: str):
    with pytest.raises(DataError, match=rf"^hf:{name}: got 400, .*; check the address"):
        world.client().resolve(Repository(name=name, kind="model"), None)
    assert not world.waits


def test_a_hub_without_an_answer_is_waited_for(world: World):
    world.server.faults.append(Fault("GET /api/", "cut", times=2))
    assert world.client().resolve(REPOSITORY, None) == world.revision
    assert world.waits == [1, 2]


def test_a_file_that_the_hub_cannot_give_is_told_after_some_tries(world: World):
    world.server.faults.append(Fault("GET /storage/", status=500, times=99, headers={}))
    with pytest.raises(DataError, match=r"safetensors: got 500, .*; the hub is out of order: run again later"):
        world.pull()
    assert world.waits == [1, 2, 4, 8]


def test_nothing_is_told_about_the_use(world: World):
    world.pull()
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert not world.server.paths("telemetry")


def test_the_token_goes_to_the_hub_and_not_to_its_storage(world: World):
    world.pull(token=TOKEN)
    assert {asked.headers.get("authorization") for asked in world.server.paths("/api/|/resolve/")} == {
        f"Bearer {TOKEN}"
    }
    assert {asked.headers.get("authorization") for asked in world.server.paths("/storage/")} == {None}


def test_a_mirror_comes_from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", world.server.url)
    hub = HuggingFaceHub(cache=world.folder / "cache", token=False)
    assert hub.resolve(REPOSITORY, None) == world.revision


def test_a_proxy_that_the_client_cannot_use_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    monkeypatch.setenv("ALL_PROXY", "socks://user:a-password@127.0.0.1:9")
    request.addfinalizer(close_session)
    set_client_factory(default_client_factory)
    with pytest.raises(RecipeError, match=r"the proxy in HTTPS_PROXY.*pip install socksio") as raised:
        world.client().resolve(REPOSITORY, None)
    assert "a-password" not in str(raised.value)


def test_a_token_that_cannot_be_sent_is_told(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "密钥")
    with pytest.raises(RecipeError, match=r"^HF_TOKEN: got blanks, line ends or letters beyond ASCII") as raised:
        HuggingFaceHub(world.server.url)
    assert "密钥" not in str(raised.value)


@pytest.mark.parametrize(
    ("environment", "is_off"),
    [
        ({}, False),
        ({"HF_ENDPOINT": "https://huggingface.co"}, False),
        ({"HF_ENDPOINT": "https://mirror.example"}, True),
        ({"HF_ENDPOINT": "https://mirror.example", "HF_HUB_DISABLE_XET": "0"}, False),
    ],
)
def test_mirrors_are_not_asked_for_xet(environment: dict[str, str], is_off: bool):  # noqa: FBT001 (a parameter of pytest)
    own = {name: value for name, value in os.environ.items() if name not in {"HF_ENDPOINT", "HF_HUB_DISABLE_XET"}}
    asked = "import doctorsun.storage.hub.hugging_face as hub; print(hub.constants.HF_HUB_DISABLE_XET)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**own, **environment}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(is_off)
