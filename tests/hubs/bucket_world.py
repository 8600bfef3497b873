"""A store of ours and a loopback S3 that it goes to and comes from."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from doctorsun.storage.hub.address import Address, parse_address
from doctorsun.storage.hub.kinds import STORE
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.object_storage import ObjectStorage
from doctorsun.storage.hub.pull import PullRules, pull
from doctorsun.storage.hub.push import pack, push
from doctorsun.storage.hub.remote_file import Repository
from doctorsun.storage.store import Store
from hubs.both import files_below
from hubs.loopback import Loopback
from hubs.object_storage import ENVIRONMENT, serve_buckets
from small_model import assistant, sample, write_store

PLACE = "s3://bucket/sets/demo"
FOLDER = "bucket/sets/demo"
DEMO = Repository(name=FOLDER, kind="dataset")


@dataclass
class World:
    """A loopback S3 with the bucket ``bucket``, a store, and our folder."""

    folder: Path
    server: Loopback
    store: Path

    def client(self, *, cache: str = "cache", num_attempts: int = 1) -> ObjectStorage:
        return ObjectStorage(endpoint=self.server.url, cache=self.folder / cache, num_attempts=num_attempts)

    def push(self, to: str = PLACE, store: Path | None = None, paths: Sequence[str] = ()) -> str:
        folder = store or self.store
        paths = [*paths, "manifest.json", *(shard.path for shard in Store(folder).manifest.shards)]
        return push(pack(folder, STORE, paths), address(to), STORE, self.client(), private=False)

    def pull(self, text: str = PLACE, *, cache: str = "cache", locked: bool = False, offline: bool = False) -> Path:
        rules = PullRules(locked=locked, offline=offline)
        return pull(address(text), STORE, self.client(cache=cache), self.lock, rules=rules)

    @property
    def lock(self) -> Lock:
        return Lock(self.folder / "models.lock")

    @property
    def content(self) -> dict[str, bytes]:
        return files_below(self.store)

    def sent(self) -> list[str]:
        return [asked.path.removeprefix(f"/{FOLDER}/") for asked in self.server.paths("PUT")]


def address(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


@contextmanager
def serve_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """Run an S3 with the bucket ``bucket``, whose keys stand in the environment; the store lies in a folder."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    store = write_store(folder / "store", [sample(f"s{number}", assistant(f"Text {number}.")) for number in range(5)])
    with serve_buckets("bucket") as server:
        yield World(folder, server, store.folder)
