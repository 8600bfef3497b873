"""Files of one repository at one commit, on their way to this machine: none is used before its hash is right."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.storage.atomic import atomic_path, disk_errors
from doctorsun.storage.hub.checked import Checked
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.remote_file import RemoteFile, Repository


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Brings files to the client's cache, or to a folder.

    Attributes:
        repository: where they are published.
        revision: the commit.
        hub: who is asked.
        entry: where the files were written down when they were first listed, for messages.
        into: the folder; the client's cache when None.
        called: what the user calls that folder, for messages; ``into`` when None.
    """

    repository: Repository
    revision: str
    hub: Hub
    entry: str
    into: Path | None = None
    called: Path | None = None

    @property
    def place(self) -> Path:
        """Where files go, as messages name it."""
        return self.called or self.into or self.hub.cache

    def local(self, file: RemoteFile) -> Path | None:
        """Return where a file is on this machine already: in the folder or in the cache; None where it is not."""
        if self.into is not None and (self.into / file.path).is_file():
            return self.into / file.path
        return self.hub.local(self.repository, self.revision, file.path)

    def needed_bytes(self, file: RemoteFile) -> int:
        """Return the room that a file still needs where files go: nothing for what is there, whole or in part."""
        if self.into is not None and (self.into / file.path).is_file():
            return 0
        if self.local(file) is not None:
            return file.size_bytes if self.into else 0
        return max(0, file.size_bytes - self.hub.begun(self.repository, self.revision, file, self.into))

    def bring(self, file: RemoteFile, *, offline: bool) -> Path:
        """Return a file once its hash is right; one that is wrong is fetched again, once.

        Raises:
            DataError: the hub refuses it, its hash stays wrong, it is wrong and ``offline``, or it is what the hub
                lists, and not what ``entry`` says of it; then it stays.
            MachineError: the disk is full.
        """
        place = self.local(file)
        wrong = "" if place is None else self._what_is_wrong(file, place)
        if place is not None and not wrong:
            return self._kept(file, place)
        if offline:
            do = f"run once with a network: it is fetched again, unless it is {self.entry} that is wrong"
            raise self._other_file(file, wrong, do)
        if place is not None:
            self._refuse_entry(file, place)
        for anew in (place is not None, True):
            with disk_errors(self.place):
                place = self.hub.fetch(self.repository, self.revision, file, self.into, anew=anew)
            wrong = self._what_is_wrong(file, place)
            if not wrong:
                return place
            self._refuse_entry(file, place)
            place.resolve().unlink()
            place.unlink(missing_ok=True)
        raise self._other_file(file, wrong, "do not use it; name another mirror or revision, or tell its publisher")

    def _what_is_wrong(self, file: RemoteFile, place: Path) -> str:
        """Return how a file differs from the one that was listed; one in the cache is read once and remembered."""
        checked = Checked(self.hub.cache)
        if file.sha256 and place.stat().st_size == file.size_bytes and checked.holds(place, file.sha256):
            return ""
        wrong = file.what_is_wrong(place)
        if file.sha256 and not wrong and place.is_relative_to(self.hub.cache):
            checked.note(place, file.sha256)
        return wrong

    def _kept(self, file: RemoteFile, place: Path) -> Path:
        """Return a file that is here, brought from the cache to the folder that was asked for."""
        if self.into is None or place == self.into / file.path:
            return place
        copy = self.into / file.path
        with disk_errors(self.place), atomic_path(copy) as unfinished:
            shutil.copyfile(place, unfinished)
        return copy

    def _refuse_entry(self, file: RemoteFile, place: Path) -> None:
        """Refuse what was written down of a file, where the file is the one that the hub lists now."""
        listed = next((each for each in self.hub.files(self.repository, self.revision) if each.path == file.path), file)
        if listed == file or listed.what_is_wrong(place):
            return
        raise DataError(
            f"{self.entry}: {file.path}",
            got=file.facts,
            expected=f"{listed.facts}, as the hub lists it and as it is here",
            do="restore the entry, or take it out to pin the address anew",
        )

    def _other_file(self, file: RemoteFile, wrong: str, do: str) -> DataError:
        what = f"{self.repository.name}@{self.revision}/{file.path} is not the file that was listed"
        return DataError(what, got=wrong, do=do)
