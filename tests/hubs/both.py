"""The same repositories on either loopback hub, and the real client that reads them."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from doctorsun.storage.hub.address import Address, HubName, parse_address
from doctorsun.storage.hub.faults import Patience
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.hugging_face import HuggingFaceHub
from doctorsun.storage.hub.kinds import WEIGHTS, Kinds
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.modelscope import ModelScopeHub
from doctorsun.storage.hub.pull import PullRules, pull
from hubs.hugging_face import HuggingFace
from hubs.loopback import Loopback
from hubs.modelscope import ModelScope
from hubs.published import Published

HUBS: tuple[HubName, ...] = ("hf", "ms")
BRANCH = {"hf": "main", "ms": "master"}
TOKEN = "a-token"  # noqa: S105 (of loopback)
FILES = {
    "config.json": b'{"model_type": "llava"}',
    "model.safetensors": bytes(range(250)) * 40,
    "sub/tokenizer.model": b"pieces",
    "modeling.py": b"raise SystemExit",
    ".gitattributes": b"*.safetensors filter=lfs",
}
TAKEN = ["config.json", "model.safetensors", "sub/tokenizer.model"]


@dataclass
class World:
    """One hub with the repository ``o/n`` of models, and a folder of ours.

    Attributes:
        server: the loopback hub.
        published: the repository.
        revision: its commit.
        waits: seconds that were waited for the hub.
    """

    name: HubName
    folder: Path
    server: Loopback
    published: Published
    revision: str
    waits: list[float] = field(default_factory=list)

    def client(self, cache: str = "cache", token: str = "") -> Hub:
        """Return the real client, with a cache below our folder."""
        patience, place = Patience(sleep=self.waits.append), self.folder / cache
        if self.name == "hf":
            return HuggingFaceHub(self.server.url, cache=place, token=token or False, patience=patience)
        return ModelScopeHub(self.server.url, cache=place, token=token, patience=patience)

    def address(self, rest: str = "") -> Address:
        """Return the address of the repository with a revision or path behind it."""
        address = parse_address(f"{self.name}:o/n{rest}")
        assert address is not None
        return address

    @property
    def lock(self) -> Lock:
        """The lock of our folder."""
        return Lock(self.folder / "models.lock")

    def pull(self, rest: str = "", *, cache: str = "cache", token: str = "", **options: object) -> Path:
        """Pull the repository; ``into`` and ``kinds`` are passed on, ``locked`` and ``offline`` are the rules."""
        rules = PullRules(**{name: options.pop(name, False) for name in ("locked", "offline")})
        kinds = options.pop("kinds", WEIGHTS)
        assert isinstance(kinds, Kinds)
        return pull(self.address(rest), kinds, self.client(cache, token), self.lock, rules=rules, **options)


@contextmanager
def serve(name: HubName, folder: Path, files: Mapping[str, bytes] = FILES, **published: object) -> Generator[World]:
    """Run a hub with the repository ``o/n``, whose only commit holds some files."""
    repository = Published("o/n", **{"kind": "model", **published})
    revision = repository.commit(files, BRANCH[name])
    hub = HuggingFace if name == "hf" else ModelScope
    with hub(repository, writer_token=TOKEN) as server:
        yield World(name, folder, server, repository, revision)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by their paths."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
