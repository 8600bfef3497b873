"""What every hub offers, and those that are known."""

from pathlib import Path
from typing import Protocol

from doctorsun.storage.hub.address import HubName
from doctorsun.storage.hub.remote_file import RemoteFile, Repository


class Hub(Protocol):
    """One hub, spoken to by its own client library, which keeps what it fetched in its own cache.

    Every method raises a DataError that says what to do where the hub refuses or cannot be reached; what passes by
    itself (a hub that is busy, a cut connection) has been tried again by then.
    """

    @property
    def cache(self) -> Path:
        """The folder of the client's cache; it may not be there yet."""
        ...

    def resolve(self, repository: Repository, revision: str | None) -> str:
        """Return the commit (40 hexadecimal digits) of a branch, a tag or, when None, the main branch."""
        ...

    def files(self, repository: Repository, revision: str) -> tuple[RemoteFile, ...]:
        """Return every file at a revision, with its size and hash."""
        ...

    def local(self, repository: Repository, revision: str, path: str) -> Path | None:
        """Return a file in the cache; None where it is not there. The hub is not asked."""
        ...

    def begun(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None) -> int:
        """Return the bytes of a file that an earlier `fetch` left here, for the next to go on with."""
        ...

    def fetch(self, repository: Repository, revision: str, file: RemoteFile, into: Path | None, *, anew: bool) -> Path:
        """Bring a file into the cache, or into a folder, and return it; what is there is fetched again if ``anew``."""
        ...

    def read(self, repository: Repository, revision: str, path: str, start: int, stop: int) -> bytes:
        """Return the bytes of a file from ``start`` up to ``stop``; nothing else is sent."""
        ...

    def check_push(self, repository: Repository) -> None:
        """Refuse a push that is sure to fail, before files are read for it; nothing is written."""
        ...

    def push(self, repository: Repository, folder: Path, paths: list[str], *, branch: str | None, private: bool) -> str:
        """Write files of a folder to a branch and return the repository's page; the repository is made if need be."""
        ...


def open_hub(name: HubName) -> Hub:
    """Return a hub, with the address, the token and the cache that its environment variables name."""
    if name == "hf":
        from doctorsun.storage.hub.hugging_face import HuggingFaceHub

        return HuggingFaceHub()
    if name in {"s3", "oss"}:
        from doctorsun.storage.hub.object_storage import ObjectStorage

        return ObjectStorage("oss" if name == "oss" else "s3")
    from doctorsun.storage.hub.modelscope import ModelScopeHub

    return ModelScopeHub()
