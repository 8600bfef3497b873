"""Files of a repository as a hub lists them, and whether a file on this machine is the one that was listed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from doctorsun.errors import DataError
from doctorsun.storage.atomic import sha256_file
from doctorsun.storage.hub.kinds import RepositoryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on one hub: ``owner/name``, of models or of data sets."""

    name: str
    kind: RepositoryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file at one revision.

    Attributes:
        path: below the repository's root, with ``/``.
        size_bytes: of its contents.
        sha256: of its contents; empty where the hub keeps it in git and tells the name of its blob alone.
        git_sha1: the name of its git blob; empty where ``sha256`` is known.
    """

    path: str
    size_bytes: int
    sha256: str = ""
    git_sha1: str = ""

    @property
    def facts(self) -> str:
        """What is known of its contents, for messages."""
        known = (f"SHA-256 {self.sha256}" if self.sha256 else "", f"git blob {self.git_sha1}" if self.git_sha1 else "")
        return ", ".join([f"{self.size_bytes:,} bytes", *filter(None, known)])

    def what_is_wrong(self, local: Path) -> str:
        """Return how a file on this machine differs from this one; empty where it does not."""
        size_bytes = local.stat().st_size
        if size_bytes != self.size_bytes:
            return f"{size_bytes:,} bytes in place of {self.size_bytes:,}"
        if self.sha256:
            found, listed = sha256_file(local), self.sha256
            return "" if found == listed else f"SHA-256 {found} in place of {listed}"
        found, listed = git_blob(local.read_bytes()), self.git_sha1
        return "" if found == listed else f"git blob {found} in place of {listed}"


def remote_file(path: str, size_bytes: int, *, sha256: str = "", git_sha1: str = "") -> RemoteFile:
    """Return a file as a hub or a lock lists it.

    Raises:
        DataError: its path leads out of the folder.
    """
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not pure.parts:
        raise DataError(f"a listed file, '{path}'", got="a path that leads out of the repository", do="do not use it")
    return RemoteFile(path=path, size_bytes=size_bytes, sha256=sha256.lower(), git_sha1=git_sha1.lower())


def require_hash(file: RemoteFile) -> RemoteFile:
    """Return a file that is to be used, which needs a hash to be compared with.

    Raises:
        DataError: it has none.
    """
    if not file.sha256 and not file.git_sha1:
        expected = "SHA-256 or the name of its git blob"
        raise DataError(f"a listed file, '{file.path}'", got="no hash", expected=expected, do="name another revision")
    return file


def git_blob(content: bytes) -> str:
    """Return the name that git gives to contents: SHA-1 over "blob", their size, a zero byte and themselves.

    Source: Pro Git, 10.2 Git Internals - Git Objects.
    """
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
