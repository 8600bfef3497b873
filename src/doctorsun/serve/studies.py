"""Studies that clients uploaded: kept on the disk for a while, each for the key that sent it, and shown as PNG."""

import hashlib
import math
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from doctorsun.errors import ImageError, MachineError, RequestError
from doctorsun.image.sandbox import Sandbox
from doctorsun.image.study.intake import UPLOAD
from doctorsun.serve.doors import Crowded
from doctorsun.storage.atomic import DISK_FULL

_ID = re.compile(r"study-[0-9a-f]{32}")
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLimits:
    """How much is kept, and how long.

    Attributes:
        max_upload_bytes: of one upload as it was sent.
        max_study_bytes: of one upload when it is unpacked.
        max_total_bytes: of all studies together, unfinished ones included.
        max_per_client: studies of one key; one more takes the place of the one that was unused longest.
        spared_s: seconds after its last use in which a study makes no place.
        idle_s: seconds after its last use at which a study is removed.
        max_pixels: of one slice.
        kept_png_bytes: of slices that are kept in memory to be shown again.
        silence_s: how long a client may send nothing while it uploads.
        upload_s: how long an upload may take in all.
    """

    max_upload_bytes: int = 512 * 2**20
    max_study_bytes: int = 2**30
    max_total_bytes: int = 8 * 2**30
    max_per_client: int = 32
    spared_s: float = 60.0
    idle_s: float = 1800.0
    max_pixels: int = 32_000_000
    kept_png_bytes: int = 64 * 2**20
    silence_s: float = 30.0
    upload_s: float = 1800.0


class NoSuchStudy(RequestError):  # noqa: N818 (what happened, as in the docs)
    """This client has no study of this name (any more)."""


class TooManyStudies(Crowded):
    """A client has as many studies as it may have, and all of them are in use."""

    code = "studies"

    def __init__(self, most: int, wait_s: float) -> None:
        self.wait_s = wait_s
        expected, do = f"at most {most} at once", f"delete one, or try again in {math.ceil(wait_s)} s"
        super().__init__("studies of one key", got="one more while all are in use", expected=expected, do=do)


class NoRoom(MachineError):  # noqa: N818 (what happened, as in the docs)
    """The disk, or the part of it that studies may take, is full."""


@dataclass(slots=True)
class Study:
    """One upload.

    Attributes:
        kind: of its files: dicom, nifti, nrrd, metaimage, picture or mixed.
        series: as of `doctorsun.image.study.show.describe`.
        skipped: members of an archive that cannot be shown, counted from 0 in the order of their names.
        last_used: a time of the store's clock.
    """

    id: str
    client: str
    kind: str
    series: list[dict[str, Any]]
    skipped: list[int]
    last_used: float


@dataclass(slots=True)
class _Room:
    """What the folders on the disk take, those of unfinished uploads included."""

    bytes_of: dict[str, int] = field(default_factory=dict[str, int])
    client_of: dict[str, str] = field(default_factory=dict[str, str])


class StudyStore:
    """Keeps studies in a folder that nobody else uses; may be called from many threads, never from the event loop.

    Args:
        folder: emptied at start and at stop; None takes a temporary one.
        sandbox: opens what clients send.
        limits: how much is kept, and how long.
        clock: tells the time in seconds since 1970.
    """

    def __init__(
        self,
        folder: Path | None,
        sandbox: Sandbox,
        limits: StudyLimits | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits or StudyLimits()
        self._folder = folder
        self._sandbox = sandbox
        self._clock = clock
        self._studies: dict[str, Study] = {}
        self._room = _Room()
        self._pngs: OrderedDict[tuple[str, int, int, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make the folder, and remove what a server that was killed has left in it."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="doctorsun-studies-"))
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True)
        self._sandbox.see_only(self._folder)

    @property
    def folder(self) -> Path:
        """Where studies lie.

        Raises:
            NoRoom: the store has not started.
        """
        if self._folder is None:
            raise NoRoom("studies on this server", got="a server that has not started", expected="one that runs")
        return self._folder

    @property
    def num_studies(self) -> int:
        """How many studies are kept."""
        return len(self._studies)

    def close(self) -> None:
        """Remove all studies."""
        with self._lock:
            self._studies.clear()
            self._pngs.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def receive(self, client: str) -> "Upload":
        """Begin to take an upload in; close it whatever happens.

        Raises:
            TooManyStudies: the client has as many studies as it may have, and used all of them just now.
            NoRoom: the disk is full.
        """
        self.sweep()
        study_id = f"study-{secrets.token_hex(_ID_BYTES)}"
        with self._lock:
            outgoing = self._one_to_go(client)
            if outgoing:
                del self._studies[outgoing], self._room.client_of[outgoing]  # none else may take its place
            self._room.client_of[study_id] = client
            self._room.bytes_of[study_id] = 0
        if outgoing:
            self.forget(outgoing)
        try:
            with _full_disk():
                self._path(study_id).mkdir(mode=0o700)
                file = (self._path(study_id) / UPLOAD).open("xb", buffering=0)
        except BaseException:
            self.forget(study_id)
            raise
        return Upload(self, study_id, client, file)

    def get(self, client: str, study_id: str) -> Study:
        """Return a study, which counts as its use.

        Raises:
            NoSuchStudy: the client has none of this name.
        """
        self.sweep()
        with self._lock:
            study = self._studies.get(study_id)
            if study is None or study.client != client:
                name = repr(study_id) if _ID.fullmatch(study_id) else "another name"
                expected, do = "one that this key has uploaded and that is still kept", "upload it again"
                raise NoSuchStudy("study", got=name, expected=expected, do=do)
            study.last_used = self._clock()
            return study

    def delete(self, client: str, study_id: str) -> None:
        """Remove a study.

        Raises:
            NoSuchStudy: the client has none of this name.
        """
        self.forget(self.get(client, study_id).id)

    def picture(self, client: str, study_id: str, *, series: int, index: int, window: str) -> bytes:
        """Return one slice as PNG.

        Args:
            client: the name of its key.
            study_id: of one of its studies.
            series: counted from 0.
            index: of the slice, counted from 0.
            window: a name that the series offers, ``CENTER,WIDTH``, or empty for the default.

        Raises:
            NoSuchStudy: the client has none of this name.
            ImageError: there is no such series, slice or window, or the slice is damaged.
        """
        study = self.get(client, study_id)
        if not 0 <= series < len(study.series):
            raise ImageError("series of the study", got=str(series), expected=f"0 to {len(study.series) - 1}")
        place = (study_id, series, index, window)
        with self._lock:
            if place in self._pngs:
                self._pngs.move_to_end(place)
                return self._pngs[place]
        png = self._rendered(study, series, index, window)
        self._keep_png(place, png)
        return png

    def sweep(self) -> None:
        """Remove what was not used for long."""
        oldest = self._clock() - self.limits.idle_s
        with self._lock:
            idle = [study.id for study in self._studies.values() if study.last_used < oldest]
        for study_id in idle:
            self.forget(study_id)

    def reserve(self, study_id: str, num_bytes: int) -> None:
        """Let the folder of a study take so many bytes in all.

        Raises:
            NoRoom: they are more than there is room for.
        """
        with self._lock:
            if num_bytes > self._free_bytes(study_id):
                raise _no_room()
            self._room.bytes_of[study_id] = num_bytes

    def describe(self, study_id: str, client: str) -> Study:
        """Open an upload that has come in whole, and keep it.

        Raises:
            ImageError: it cannot be shown.
            NoRoom: the disk is full.
        """
        folder = self._path(study_id)
        with self._lock:
            uploaded = self._room.bytes_of[study_id]
            most = min(self.limits.max_study_bytes, self._free_bytes(study_id) - uploaded)
            self._room.bytes_of[study_id] = uploaded + most  # until it is known what the unpacked files take
        told = self._sandbox.describe(folder, max_bytes=most, max_pixels=self.limits.max_pixels)
        study = Study(study_id, client, told["kind"], told["series"], told["skipped"], self._clock())
        with self._lock:
            self._room.bytes_of[study_id] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            self._studies[study_id] = study
        return study

    def forget(self, study_id: str) -> None:
        """Remove a study, or an upload, with all that belongs to it."""
        with self._lock:
            self._studies.pop(study_id, None)
            for place in [place for place in self._pngs if place[0] == study_id]:
                del self._pngs[place]
        shutil.rmtree(self._path(study_id), ignore_errors=True)
        with self._lock:
            self._room.client_of.pop(study_id, None)
            self._room.bytes_of.pop(study_id, None)

    def _one_to_go(self, client: str) -> str | None:
        """Return the study that makes place for one more of a client; None if there is a place."""
        if Counter(self._room.client_of.values())[client] < self.limits.max_per_client:
            return None
        own = [study for study in self._studies.values() if study.client == client]
        oldest = min(own, key=lambda study: study.last_used, default=None)
        unused_s = self._clock() - oldest.last_used if oldest else 0.0
        if oldest is None or unused_s < self.limits.spared_s:
            raise TooManyStudies(self.limits.max_per_client, self.limits.spared_s - unused_s)
        return oldest.id

    def _rendered(self, study: Study, series: int, index: int, window: str) -> bytes:
        folder, told = self._path(study.id), study.series[series]
        try:
            return self._sandbox.render(folder, told, index, window, max_pixels=self.limits.max_pixels)
        except OSError:
            self.get(study.client, study.id)  # it may have been deleted meanwhile
            raise

    def _keep_png(self, place: tuple[str, int, int, str], png: bytes) -> None:
        with self._lock:
            if place[0] not in self._studies:
                return
            self._pngs[place] = png
            while sum(map(len, self._pngs.values())) > self.limits.kept_png_bytes:
                self._pngs.popitem(last=False)

    def _free_bytes(self, study_id: str) -> int:
        others = sum(size for each, size in self._room.bytes_of.items() if each != study_id)
        return self.limits.max_total_bytes - others

    def _path(self, study_id: str) -> Path:
        return self.folder / study_id


class Upload:
    """An upload that comes in piece by piece; what is not finished when it is closed is removed."""

    def __init__(self, store: StudyStore, study_id: str, client: str, file: FileIO) -> None:
        self._store, self._id, self._client, self._file = store, study_id, client, file
        self._is_kept = False
        self._hash = hashlib.sha256()
        self.num_bytes = 0

    @property
    def sha256(self) -> str:
        """The hash of what has come in so far."""
        return self._hash.hexdigest()

    def add(self, chunk: bytes) -> None:
        """Write the next piece.

        Raises:
            NoRoom: the disk is full.
        """
        self.num_bytes += len(chunk)
        self._store.reserve(self._id, self.num_bytes)
        with _full_disk():
            written = self._file.write(chunk)
        if written != len(chunk):
            raise _no_room()
        self._hash.update(chunk)

    def finish(self) -> Study:
        """Open what has come in, and keep it.

        Raises:
            ImageError: it cannot be shown.
            NoRoom: the disk is full.
        """
        self._file.close()
        with _full_disk():
            study = self._store.describe(self._id, self._client)
        self._is_kept = True
        return study

    def close(self) -> None:
        """Remove what was not finished."""
        self._file.close()
        if not self._is_kept:
            self._store.forget(self._id)


@contextmanager
def _full_disk() -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise _no_room() from error
        raise


def _no_room() -> NoRoom:
    return NoRoom("studies on this server", got="no room left", expected="room for one more", do="delete one, or wait")
