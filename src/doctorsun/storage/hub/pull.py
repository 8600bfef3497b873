"""Pulling from a hub: pin the address, check lock and disk, fetch what is missing, and compare every hash."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import DataError, MachineError, RecipeError
from doctorsun.storage.atomic import disk_errors, sha256_file
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.kinds import Kinds
from doctorsun.storage.hub.lock import Lock, Pinned
from doctorsun.storage.hub.remote_file import RemoteFile, Repository

GIB = 2**30


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
    if pinned is not None:
        return pinned
    if rules.locked:
        got = (
            "an address that it does not name"
            if address.is_pinned
            else "an address that floats and that it does not name"
        )
        raise RecipeError(f"{lock.path}: {address.whole}", got=got, do="run once without --locked, and keep the lock")
    if rules.offline:
        got, do = f"no entry of it in {lock.path}", "run once with a network, and keep the lock"
        raise DataError(f"{address.whole}: offline, and its commit is not known", got=got, do=do)
    repository = Repository(name=address.repository, kind=kinds.repository)
    revision = hub.resolve(repository, address.revision)
    files = [file for file in hub.files(repository, revision) if kinds.takes(file.path)]
    pinned = Pinned(revision=revision, files=tuple(sorted(files, key=lambda file: file.path)))
    lock.add(address, kinds.repository, pinned)
    return pinned


def pull(address: Address, kinds: Kinds, hub: Hub, lock: Lock, *, rules: PullRules, into: Path | None = None) -> Path:
    """Bring the files of an address to this machine and return their folder, or the file that the address names.

    Args:
        address: what to bring.
        kinds: which of its files.
        hub: where they are.
        lock: what the address is pinned to; written where it does not name the address yet.
        rules: see `PullRules`.
        into: a folder for the files; the client's cache when None.

    Raises:
        RecipeError: ``locked``, and the lock does not name the address.
        DataError: the hub refuses, a file has another hash than the lock or the hub says, or one is missing offline.
        MachineError: the files do not fit the disk.
    """
    pinned = pin(address, kinds, hub, lock, rules)
    files = files_of(address, pinned, kinds)
    pulling = _Pull(Repository(name=address.repository, kind=kinds.repository), pinned.revision, hub, into)
    missing = [file for file in files if pulling.local(file) is None]
    if missing and rules.offline:
        raise _missing_offline(address, missing)
    check_room(into or hub.cache, sum(file.size_bytes for file in missing))
    places = {file.path: pulling.bring(file, offline=rules.offline) for file in files}
    unknown = {file.path: sha256_file(places[file.path]) for file in files if not file.sha256}
    if unknown:
        lock.add(address, kinds.repository, pinned.with_hashes(unknown))
    return _root(places) / address.path


def files_of(address: Address, pinned: Pinned, kinds: Kinds) -> list[RemoteFile]:
    """Return the files that an address names: all, or those of its folder, or its file.

    Raises:
        DataError: there is none.
    """
    path = address.path
    files = [each for each in pinned.files if not path or each.path == path or each.path.startswith(f"{path}/")]
    if not files:
        expected = f"files that end in {', '.join(sorted(kinds.suffixes))}"
        do = "look at its page on the hub: the files may lie in a folder, or be of another kind"
        raise DataError(f"{address}", got=f"none of the kinds of a {kinds.repository}", expected=expected, do=do)
    return files


def check_room(folder: Path, needed_bytes: int) -> None:
    """Check that files fit the disk of a folder, which may not be there yet.

    Raises:
        MachineError: they do not.
    """
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free_bytes = shutil.disk_usage(there).free
    if needed_bytes > free_bytes:
        raise MachineError(
            f"no room on the disk for {folder}",
            got=f"{free_bytes / GIB:.2f} GiB free",
            expected=f"{needed_bytes / GIB:.2f} GiB",
            do="free some space, or name another folder",
        )


@dataclass(frozen=True, slots=True)
class _Pull:
    """One repository at one commit, on its way to the cache or a folder."""

    repository: Repository
    revision: str
    hub: Hub
    into: Path | None

    def local(self, file: RemoteFile) -> Path | None:
        if self.into is None:
            return self.hub.local(self.repository, self.revision, file.path)
        return self.into / file.path if (self.into / file.path).is_file() else None

    def bring(self, file: RemoteFile, *, offline: bool) -> Path:
        """Return a file once its hash is right; one that is wrong is fetched again, once."""
        place = self.local(file)
        wrong = "" if place is None else file.what_is_wrong(place)
        if place is not None and not wrong:
            return place
        if place is not None and offline:
            raise self._damaged(file, wrong, "run once with a network: it is fetched again")
        for anew in (place is not None, True):
            with disk_errors(self.into or self.hub.cache):
                place = self.hub.fetch(self.repository, self.revision, file, self.into, anew=anew)
            wrong = file.what_is_wrong(place)
            if not wrong:
                return place
        place.resolve().unlink()
        place.unlink(missing_ok=True)
        raise self._damaged(file, wrong, "do not use it; name another mirror or revision, or tell its publisher")

    def _damaged(self, file: RemoteFile, wrong: str, do: str) -> DataError:
        what = f"{self.repository.name}@{self.revision}/{file.path}"
        return DataError(f"{what} is not the file that was listed", got=wrong, do=do)


def _missing_offline(address: Address, missing: Sequence[RemoteFile]) -> DataError:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    size = sum(file.size_bytes for file in missing) / GIB
    got = f"{missing[0].path}{more} ({size:.2f} GiB) not on this machine"
    return DataError(f"{address}: offline", got=got, do="run once with a network, or copy the cache from a machine")


def _root(places: dict[str, Path]) -> Path:
    """Return the folder that holds the repository, from one of its files."""
    path, place = next(iter(places.items()))
    return place.parents[path.count("/")]
