"""``models.lock``: which commit an address meant when it was first used, and the hash of every file there."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError
from doctorsun.storage.atomic import write_json
from doctorsun.storage.hub.address import Address, is_commit
from doctorsun.storage.hub.kinds import RepositoryKind
from doctorsun.storage.hub.remote_file import RemoteFile, remote_file, require_hash

LOCK = Path("models.lock")
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One address at one commit.

    Attributes:
        revision: 40 hexadecimal digits.
        files: of the kinds that are taken, in order of their paths.
    """

    revision: str
    files: tuple[RemoteFile, ...]

    def with_hashes(self, hashes: dict[str, str]) -> "Pinned":
        """Return it with the SHA-256 of files, by path, that the hub told by the name of their git blob alone."""
        files = (
            replace(file, sha256=hashes[file.path]) if file.path in hashes and not file.sha256 else file
            for file in self.files
        )
        return replace(self, files=tuple(files))


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of a folder; it is read at every question, so that several runs can share it."""

    path: Path = LOCK

    def find(self, address: Address, kind: RepositoryKind) -> Pinned | None:
        """Return what an address is pinned to; None where the lock does not name it.

        Raises:
            DataError: the lock is damaged or of another version.
        """
        entry = self._read()["addresses"][kind].get(str(address.whole))
        return None if entry is None else self._pinned(entry)

    def add(self, address: Address, kind: RepositoryKind, pinned: Pinned) -> None:
        """Write what an address is pinned to, beside what the lock names already.

        Raises:
            DataError: the lock is damaged, or cannot be written.
            MachineError: the disk is full.
        """
        content = self._read()
        entry = {"revision": pinned.revision, "files": {file.path: _entry(file) for file in pinned.files}}
        content["addresses"][kind][str(address.whole)] = entry
        write_json(self.path, content)

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {"version": VERSION, "addresses": {"model": {}, "dataset": {}}}
        except (OSError, ValueError) as error:
            raise self._damaged(str(error)) from error
        version = content.get("version") if isinstance(content, dict) else None
        if version != VERSION:
            do = "use the version of doctorsun that wrote it, or remove it"
            raise DataError(f"{self.path}: version", got=str(version), expected=str(VERSION), do=do)
        addresses = content.get("addresses")
        if not isinstance(addresses, dict) or not all(
            isinstance(addresses.get(kind), dict) for kind in ("model", "dataset")
        ):
            raise self._damaged("no addresses of models and data sets")
        return content

    def _pinned(self, entry: Any) -> Pinned:
        try:
            revision, files = entry["revision"], entry["files"].items()
            pinned = Pinned(
                revision=revision, files=_in_order(require_hash(remote_file(path, **file)) for path, file in files)
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from error
        if not isinstance(revision, str) or not is_commit(revision):
            raise self._damaged(f"the revision '{revision}', which is no commit")
        for file in pinned.files:
            if type(file.size_bytes) is not int or file.size_bytes < 0:
                raise self._damaged(f"{file.path} of '{file.size_bytes}' bytes")
        return pinned

    def _damaged(self, got: str) -> DataError:
        return DataError(f"{self.path} is damaged", got=got, do="restore it, or remove it to pin every address anew")


def _entry(file: RemoteFile) -> dict[str, Any]:
    return {name: value for name, value in asdict(file).items() if name != "path" and value != ""}


def _in_order(files: Iterable[RemoteFile]) -> tuple[RemoteFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))
