"""Pulling from a hub: pin the address, check lock and disk, fetch what is missing, and compare every hash."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from doctorsun.errors import DataError, MachineError, RecipeError
from doctorsun.storage.atomic import disk_errors, sha256_file
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.fetcher import Fetcher
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.kinds import Kinds
from doctorsun.storage.hub.lock import Lock, Pinned
from doctorsun.storage.hub.remote_file import RemoteFile, Repository, require_hash
from doctorsun.storage.hub.spare import spare_files
from doctorsun.storage.size import told_size


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRules:
    """What a pull may do.

    Attributes:
        locked: take only what the lock names.
        offline: ask no hub.
    """

    locked: bool = False
    offline: bool = False


def pin(address: Address, kinds: Kinds, hub: Hub, lock: Lock, rules: PullRules) -> Pinned:
    """Return the commit that an address means, and its files: from the lock, else from the hub and then in the lock.

    Raises:
        RecipeError: ``locked``, and the lock does not name the address.
        DataError: ``offline`` and the lock does not name it, or the hub refuses.
    """
    pinned = lock.find(address, kinds.repository)
    if pinned is None:
        pinned = resolve(address, kinds, hub, lock, rules)
        lock.add(address, kinds.repository, pinned)
    return pinned


def resolve(address: Address, kinds: Kinds, hub: Hub, lock: Lock, rules: PullRules) -> Pinned:
    """Return the commit that an address means, and its files, as `pin` does; nothing is written.

    Raises:
        RecipeError: as for `pin`.
        DataError: as for `pin`.
    """
    pinned = lock.find(address, kinds.repository)
    if pinned is not None:
        return pinned
    if rules.locked:
        got = f"an address that {'' if address.is_pinned else 'floats and that '}the lock does not name"
        raise RecipeError(f"{address.whole}", got=got, do=f"run once without --locked, and keep {lock.path}")
    if rules.offline:
        got, do = f"no entry of it in {lock.path}", "run once with a network, and keep the lock"
        raise DataError(f"{address.whole}: offline, and its commit is not known", got=got, do=do)
    repository = repository_of(address, kinds)
    revision = hub.resolve(repository, address.revision)
    files = [require_hash(file) for file in hub.files(repository, revision) if kinds.takes(file.path)]
    return Pinned(revision=revision, files=tuple(sorted(files, key=lambda file: file.path)))


def missing_files(address: Address, kinds: Kinds, hub: Hub, lock: Lock, rules: PullRules) -> list[RemoteFile]:
    """Return the files of an address that a pull would fetch; nothing is fetched or written.

    Raises:
        RecipeError: as for `pin`.
        DataError: as for `pin`; or ``offline``, and there are some.
    """
    pinned = resolve(address, kinds, hub, lock, rules)
    fetcher = fetcher_of(address, pinned, kinds, hub, lock)
    missing = [file for file in files_of(address, pinned, kinds) if fetcher.local(file) is None]
    if missing and rules.offline:
        raise _missing_offline(address, missing)
    return missing


def pull(
    address: Address,
    kinds: Kinds,
    hub: Hub,
    lock: Lock,
    *,
    rules: PullRules,
    into: Path | None = None,
    called: Path | None = None,
) -> Path:
    """Bring the files of an address to this machine and return their folder, or the file that the address names.

    Args:
        address: what to bring.
        kinds: which of its files.
        hub: where they are.
        lock: what the address is pinned to; written where it does not name the address yet.
        rules: see `PullRules`.
        into: a folder for the files; the client's cache when None.
        called: what the user calls that folder, for messages; ``into`` when None.

    Raises:
        RecipeError: ``locked``, and the lock does not name the address.
        DataError: the hub refuses, a file has another hash than the lock or the hub says, or one is missing offline.
        MachineError: the files do not fit the disk.
    """
    pinned = pin(address, kinds, hub, lock, rules)
    files = files_of(address, pinned, kinds)
    fetcher = replace(fetcher_of(address, pinned, kinds, hub, lock), into=into, called=called)
    missing = [file for file in files if fetcher.local(file) is None]
    if missing and rules.offline:
        raise _missing_offline(address, missing)
    check_room(fetcher.place, sum(fetcher.needed_bytes(file) for file in files))
    places = {file.path: fetcher.bring(file, offline=rules.offline) for file in files}
    unknown = {file.path: sha256_file(places[file.path]) for file in files if not file.sha256}
    if unknown:
        lock.add(address, kinds.repository, pinned.with_hashes(unknown))
    return _root(places) / address.path


def repository_of(address: Address, kinds: Kinds) -> Repository:
    """Return the repository of an address."""
    return Repository(name=address.repository, kind=kinds.repository)


def fetcher_of(address: Address, pinned: Pinned, kinds: Kinds, hub: Hub, lock: Lock) -> Fetcher:
    """Return what brings the files of an address to the client's cache."""
    return Fetcher(repository_of(address, kinds), pinned.revision, hub, f"{lock.path}: {address.whole}")


def files_of(address: Address, pinned: Pinned, kinds: Kinds) -> list[RemoteFile]:
    """Return the files that an address names: all, or those of its folder, or its file; without spare ones.

    Raises:
        DataError: there is none, or what they make up lacks the file that it needs.
    """
    path = address.path
    named = [each for each in pinned.files if not path or each.path == path or each.path.startswith(f"{path}/")]
    spare = spare_files(each.path for each in named) if len(named) > 1 else set[str]()
    files = [each for each in named if each.path not in spare]
    needed = f"{path}{'/' if path else ''}{kinds.needed}"
    do = "look at its page on the hub: it may lie in a folder, or be of another kind"
    if not files:
        expected = f"files that end in {', '.join(sorted(kinds.suffixes))}"
        raise DataError(f"{address}", got=f"none of the files of {kinds.title}", expected=expected, do=do)
    if kinds.needed and needed not in {each.path for each in files}:
        raise DataError(f"{address} is not {kinds.title}", got=f"no {needed}", do=do)
    return files


def check_room(folder: Path, needed_bytes: int) -> None:
    """Check that files fit the disk of a folder, which may not be there yet.

    Raises:
        MachineError: they do not.
        DataError: they do not, for the folder cannot be written.
    """
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free_bytes = shutil.disk_usage(there).free
    if needed_bytes > free_bytes:
        with disk_errors(folder), TemporaryDirectory(dir=there):
            pass  # a folder that cannot be written has no room either
        raise MachineError(
            f"no room on the disk for {folder}",
            got=f"{told_size(free_bytes)} free",
            expected=told_size(needed_bytes),
            do="free some space, or name another folder",
        )


def _missing_offline(address: Address, missing: Sequence[RemoteFile]) -> DataError:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    size = told_size(sum(file.size_bytes for file in missing))
    got = f"{missing[0].path}{more} ({size}) not on this machine"
    return DataError(f"{address}: offline", got=got, do="run once with a network, or copy the cache from a machine")


def _root(places: dict[str, Path]) -> Path:
    """Return the folder that holds the repository, from one of its files."""
    path, place = next(iter(places.items()))
    return place.parents[path.count("/")]
