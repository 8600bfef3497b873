"""Pushing to a hub: the folder is checked first, and only files of the kinds that are taken leave this machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.kinds import Kinds
from doctorsun.storage.hub.remote_file import Repository
from doctorsun.storage.hub.spare import trainer_files
from doctorsun.storage.sums import SUMS, check_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is sent.

    Attributes:
        folder: where the files are.
        paths: the files, below it.
        left_out: files of other kinds and those of a trainer, which stay here.
        size_bytes: of all that is sent.
        is_checked: whether SHA256SUMS vouches for them.
    """

    folder: Path
    paths: tuple[str, ...]
    left_out: tuple[str, ...]
    size_bytes: int
    is_checked: bool


def pack(folder: Path, kinds: Kinds, paths: Iterable[str] | None = None) -> Parcel:
    """Return what a folder would send, after its SHA256SUMS, where there are some, were compared with its files.

    What a trainer kept to go on by stays here, as a pull leaves it there.

    Args:
        folder: of weights or a store.
        kinds: which of its files are sent.
        paths: the files to choose from; all of the folder when None.

    Raises:
        DataError: there is nothing to send, or a file is not what SHA256SUMS says.
    """
    found = list(_below(folder) if paths is None else paths)
    kept = trainer_files(found)
    taken = tuple(path for path in found if kinds.takes(path) and path not in kept)
    if not taken:
        got = "no such folder" if not folder.is_dir() else f"none of the files of {kinds.title}"
        raise DataError(f"cannot push {folder}", got=got, expected=f"{kinds.title}", do="name another folder")
    check_sums(folder)
    return Parcel(
        folder=folder,
        paths=taken,
        left_out=tuple(set(found) - set(taken)),
        size_bytes=sum((folder / path).stat().st_size for path in taken),
        is_checked=(folder / SUMS).is_file(),
    )


def push(parcel: Parcel, address: Address, kinds: Kinds, hub: Hub, *, private: bool) -> str:
    """Send files to a repository and return its page; the repository is made where there is none.

    Args:
        parcel: what to send.
        address: the repository; its revision, where there is one, is a branch.
        kinds: decides between repositories of models and of data sets.
        hub: where it is.
        private: make a new repository private.

    Raises:
        RecipeError: the address names a commit or a folder.
        DataError: the hub refuses.
    """
    check_target(address)
    repository = Repository(name=address.repository, kind=kinds.repository)
    return hub.push(repository, parcel.folder, list(parcel.paths), branch=address.revision, private=private)


def check_target(address: Address) -> None:
    """Check that an address is a place to push to.

    Raises:
        RecipeError: it names a commit or a folder.
    """
    if address.path or address.is_pinned:
        got = "a folder in a repository" if address.path else "a commit"
        expected, do = "owner/name, or owner/name@branch", "leave it out; a push makes a commit of its own"
        raise RecipeError(f"cannot push to {address}", got=got, expected=expected, do=do)


def _below(folder: Path) -> Iterable[str]:
    files = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return (path.as_posix() for path in files if not any(part.startswith(".") for part in path.parts))
