"""Stores that go to object storage: what is sent, what arrives, and what is refused."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.kinds import STORE, WEIGHTS
from doctorsun.storage.hub.pull import PullRules, pull
from doctorsun.storage.hub.push import pack, push
from hubs.both import files_below
from hubs.bucket_world import DEMO, FOLDER, PLACE, World, address, serve_world
from hubs.loopback import Answer, Asked, Fault, Loopback
from hubs.object_storage import KEY, SECRET, WRITER, content_of, put_object
from small_model import assistant, sample, write_store


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    with serve_world(tmp_path, monkeypatch) as world:
        yield world


def test_a_store_that_is_there_is_not_sent_again(world: World):
    world.push()
    num_sent = len(world.sent())
    world.push()
    assert len(world.sent()) == num_sent


def test_a_push_that_was_refused_goes_on_where_it_stopped(world: World):
    world.server.faults = [Fault("PUT .*manifest", status=403)]
    with pytest.raises(DataError, match=r"s3://bucket/sets/demo/manifest.json: got ACCESS_DENIED; set AWS_ACCESS_KEY"):
        world.push()
    with pytest.raises(DataError, match=r"is not a store: got no manifest\.json"):
        world.pull()
    del world.server.asked[:]
    world.push()
    assert world.sent() == ["manifest.json"]


def test_an_object_of_other_contents_is_sent_again(world: World):
    shard = next(path for path in world.content if path != "manifest.json")
    put_object(world.server, f"{FOLDER}/{shard}", b"x" * len(world.content[shard]))
    world.push()
    assert content_of(world.server, f"{FOLDER}/{shard}") == world.content[shard]


def changing(server: Loopback, change: Callable[[bytes], bytes], times: int = 1) -> None:
    """Let the service keep other bytes than it is sent, of shards, so often."""
    answer, left = server.answer, [times]

    def changed(asked: Asked) -> Answer:
        if asked.method == "POST" and asked.path.endswith("parquet") and "uploadId" in asked.query and left[0]:
            left[0] -= 1
            told = answer(asked)
            there = answer(Asked("GET", asked.path, {}, {"host": "localhost"}, target=asked.path))
            kept = {name.lower(): value for name, value in there.headers.items()}
            headers = {"host": "localhost", "content-type": kept["content-type"], "authorization": WRITER}
            answer(Asked("PUT", asked.path, {}, headers, change(there.body), target=asked.path))
            return told
        return answer(asked)

    server.answer = changed


@pytest.mark.parametrize(
    ("change", "got"),
    [(lambda sent: sent[:-1], "an object of another size or type"), (lambda sent: sent[::-1], r"SHA-256 \w{64}")],
)
def test_what_the_service_does_not_keep_is_told_and_sent_again(
    world: World, change: Callable[[bytes], bytes], got: str
) -> None:
    changing(world.server, change)
    with pytest.raises(
        DataError, match=rf"parquet is not what was sent: got {got}, expected [\d,]+ bytes, SHA-256 .*; p"
    ):
        world.push()
    assert "manifest.json" not in world.sent()
    world.push()
    assert files_below(world.pull()) == world.content


def test_what_arrived_is_read_back_only_where_its_mark_does_not_tell(world: World):
    world.push()
    assert not world.server.paths("GET .*parquet")
    changing(world.server, bytes)  # the same bytes, sent whole: their ETag is another
    world.push("s3://bucket/again")
    assert len(world.server.paths("GET .*parquet")) == 1


def test_another_store_is_not_overwritten(world: World, tmp_path: Path):
    world.push()
    other = write_store(tmp_path / "other", [sample("o", assistant("Other."))])
    with pytest.raises(DataError, match=f"cannot push to {PLACE}: got another store there; name another path"):
        world.push(store=other.folder)


@pytest.mark.parametrize("there", [b"", b"[1", b"{}", b"\xff"])
def test_a_damaged_manifest_is_not_called_another_store(world: World, there: bytes):
    put_object(world.server, f"{FOLDER}/manifest.json", there)
    with pytest.raises(
        DataError, match=rf"^{PLACE}/manifest\.json is damaged: got \w+: .*; remove {PLACE} with the too"
    ):
        world.push()
    assert world.sent() == []


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(
    ("missing", "there"),
    [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")],
)
def test_half_of_the_keys_is_refused_before_the_service_is_asked(
    world: World, missing: str, there: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing) if value is None else monkeypatch.setenv(missing, value)
    message = (
        f"^the keys of object storage: got {there} alone, expected AWS_.* and AWS_.*; set {missing} too, or neither"
    )
    with pytest.raises(RecipeError, match=message) as raised:
        world.client().check_push(DEMO)
    assert KEY not in str(raised.value)
    assert SECRET not in str(raised.value)
    with pytest.raises(RecipeError, match=message):
        world.pull()
    assert not world.server.asked


def test_without_keys_the_service_is_asked_as_nobody(world: World, monkeypatch: pytest.MonkeyPatch):
    world.push()
    del world.server.asked[:]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(world.folder))
    world.client().check_push(DEMO)
    assert all("authorization" not in asked.headers for asked in world.server.asked)


def test_a_push_to_no_bucket_is_told(world: World):
    with pytest.raises(DataError, match="s3://no-bucket: got no such bucket"):
        world.push("s3://no-bucket/demo")


def test_weights_and_private_pushes_are_refused(world: World):
    with pytest.raises(RecipeError, match="s3://bucket/w: got object storage, expected hf:owner/name, ms:owner/name o"):
        pull(address("s3://bucket/w"), WEIGHTS, world.client(), world.lock, rules=PullRules())
    with pytest.raises(RecipeError, match="got --private; leave --private out"):
        push(pack(world.store, STORE), address(PLACE), STORE, world.client(), private=True)
