"""Weights that a user names: a path, a run, or an address on a hub, looked into or brought to this machine."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from doctorsun.errors import DoctorSunError, RequestError
from doctorsun.storage.hub.address import parse_address
from doctorsun.storage.hub.headers import remote_headers
from doctorsun.storage.hub.hub import open_hub
from doctorsun.storage.hub.kinds import WEIGHTS
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.materialise import is_offline, materialise
from doctorsun.storage.hub.pull import PullRules
from doctorsun.weights.folder import find_weights

Told = TypeVar("Told")


@contextmanager
def look_at(source: str, *, locked: bool = False, offline: bool = False) -> Generator[Path]:
    """Give the file or folder that a user names, to read its headers; of large files on a hub no more is fetched.

    Args:
        source: a file or folder, a run, or an address on a hub.
        locked: take only what ``models.lock`` names.
        offline: ask no hub.

    Raises:
        DoctorSunError: as the block raises it, with the address in place of the folder of headers.
        RequestError: nothing is there, it cannot be read, or the run has no weights yet.
        RecipeError: the address is wrong, or ``locked`` and the lock does not name it.
        DataError: the hub refuses, or offline it is not here.
    """
    address = parse_address(source)
    if address is None:
        yield local_weights(_path(source))
        return
    rules = PullRules(locked=locked, offline=offline or is_offline())
    with remote_headers(address, open_hub(address.hub), Lock(), rules=rules) as folder:
        try:
            yield folder
        except DoctorSunError as error:
            parts = (error.what, error.got, error.expected, error.do)
            what, got, expected, do = (as_named(text, folder, source) for text in parts)
            raise type(error)(what, got=got, expected=expected, do=do) from error


def as_named(told: Told, folder: Path, source: str) -> Told:
    """Return what is told of a folder of headers with the address that the user named in place of it.

    Args:
        told: a text, or facts as JSON has them.
        folder: as `look_at` gives it.
        source: what the user named; of a path nothing is changed.

    Raises:
        RecipeError: the address is wrong.
    """
    address = parse_address(source)
    if address is None:
        return told
    depth = len(PurePosixPath(address.path).parts)
    names = {f"{folder}": f"{address}", f"{(folder, *folder.parents)[depth]}": f"{address.whole}"}
    return _renamed(told, names)


def _renamed(told: Any, names: Mapping[str, str]) -> Any:
    if isinstance(told, str):
        for name, named in names.items():
            told = told.replace(name, named)
        return told
    if isinstance(told, Mapping):
        return {_renamed(key, names): _renamed(value, names) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return type(told)(_renamed(each, names) for each in told)
    return told


def bring(source: str, *, locked: bool = False, offline: bool = False) -> tuple[Path, str]:
    """Return the file or folder that a user names, pulled where it is on a hub, and what to call it afterwards.

    Args:
        source: as for `look_at`.
        locked: as for `look_at`.
        offline: as for `look_at`.

    Raises:
        RequestError: nothing is there, it cannot be read, or the run has no weights yet.
        RecipeError: the address is wrong, or ``locked`` and the lock does not name it.
        DataError: the hub refuses, or a file is not what it should be.
        MachineError: the files do not fit the disk.
    """
    address = parse_address(source)
    if address is None:
        return local_weights(_path(source)), source
    path = materialise(source, kinds=WEIGHTS, locked=locked, offline=offline)
    pinned = Lock().find(address, WEIGHTS.repository)
    return path, str(replace(address, revision=pinned.revision) if pinned else address)


def local_weights(path: Path) -> Path:
    """Return the weights of a run, and any other path as it is.

    Raises:
        RequestError: nothing is there, it cannot be read, or the run has no weights yet.
    """
    try:
        names = {each.name for each in path.iterdir()} if path.is_dir() else set[str]()
        is_there = path.exists()
        is_run = "run.json" in names or (path / "weights/config.json").is_file()
    except OSError as error:
        raise _refused(path, error.strerror or str(error), "check its name and its permissions") from error
    if not is_there:
        raise _refused(path, "no such file or folder", "name a path that is there")
    return find_weights(path) if is_run else path


def _refused(path: Path, got: str, do: str) -> RequestError:
    return RequestError(f"{path}", got=got, expected="weights, a run, or an address such as hf:owner/name", do=do)


def _path(source: str) -> Path:
    if not source.strip():
        raise RequestError(
            "the weights",
            got="an empty name",
            expected="weights, a run, or an address such as hf:owner/name",
            do="name them; '.' is the folder that you are in",
        )
    return Path(source)
