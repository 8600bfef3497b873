"""Taking in an upload: whatever was sent becomes plain files with numbers for names, each of a known kind."""

import gzip
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from doctorsun.errors import ImageError
from doctorsun.image.study.archive import members, opened_archive
from doctorsun.image.study.budget import Budget
from doctorsun.image.study.kinds import BEGINNING_BYTES, SUFFIXES, Kind, kind_of

UPLOAD = "upload"
"""The file that the client sent, in the folder of its study."""
FILES = "files"
"""The folder beside it that gets what can be looked at."""
_CHUNK_BYTES = 2**20
_READABLE = "DICOM, NIfTI, NRRD, MetaImage, PNG or JPEG, or a zip archive of such files"


@dataclass(frozen=True, slots=True)
class StudyFile:
    """One file that may be looked at.

    Attributes:
        name: counts from the folder of the study.
        member: of the archive, counted from 0 in the order of their names.
    """

    name: str
    kind: Kind
    member: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """What an upload held.

    Attributes:
        files: in the order of their names in the archive.
        skipped: members of an archive that are of no known kind, counted from 0 in the order of their names.
    """

    files: tuple[StudyFile, ...]
    skipped: tuple[int, ...] = ()


def take_in(folder: Path, *, max_bytes: int) -> Intake:
    """Unpack the upload of a study, which is then gone.

    Args:
        folder: of the study; it holds `UPLOAD`.
        max_bytes: of all unpacked files together.

    Raises:
        ImageError: of no known kind, nothing to look at, damaged, or over the limits.
        OSError: the disk is full, or fails.
    """
    upload = folder / UPLOAD
    (folder / FILES).mkdir(mode=0o700)
    budget = Budget(max_bytes=max_bytes, packed_bytes=upload.stat().st_size)
    with upload.open("rb") as file:
        kind = kind_of(file.read(BEGINNING_BYTES))
    if kind == "zip":
        return _from_archive(upload, folder, budget)
    if kind == "gzip":
        with _opened_gzip(upload.open("rb")) as file:
            taken = _kept(file, folder, budget)
        upload.unlink()
        return Intake((_known(taken),))
    taken = _known(StudyFile(_name_of(kind, budget.add_file()), kind) if kind else None)
    upload.rename(folder / taken.name)
    return Intake((taken,))


def _from_archive(upload: Path, folder: Path, budget: Budget) -> Intake:
    files: list[StudyFile] = []
    skipped: list[int] = []
    with opened_archive(upload, budget) as archive:
        for number, info in enumerate(members(archive)):
            with archive.open(info) as file:
                taken = _kept_member(file, folder, budget)
            if taken:
                files.append(replace(taken, member=number))
            else:
                skipped.append(number)
    if not files:
        raise ImageError("zip archive", got="nothing to look at", expected=_READABLE, do="send the images themselves")
    upload.unlink()
    return Intake(tuple(files), tuple(skipped))


def _kept_member(file: IO[bytes], folder: Path, budget: Budget) -> StudyFile | None:
    """Keep a member, unpacked if it is one packed NIfTI file; archives in archives are not opened."""
    if kind_of(file.read(BEGINNING_BYTES)) == "gzip":
        file.seek(0)
        with _opened_gzip(file) as unpacked:
            return _kept(unpacked, folder, budget)
    file.seek(0)
    return _kept(file, folder, budget)


def _kept(file: IO[bytes], folder: Path, budget: Budget) -> StudyFile | None:
    """Write a file of a known kind piece by piece; None if it is of another."""
    chunk = file.read(BEGINNING_BYTES)
    kind = kind_of(chunk)
    if kind is None or kind in ("zip", "gzip"):
        return None
    kept = StudyFile(_name_of(kind, budget.add_file()), kind)
    with (folder / kept.name).open("wb") as target:
        while chunk:
            budget.add_bytes(len(chunk))
            target.write(chunk)
            chunk = file.read(_CHUNK_BYTES)
    return kept


@contextmanager
def _opened_gzip(packed: IO[bytes]) -> Generator[IO[bytes]]:
    try:
        with packed, gzip.GzipFile(fileobj=packed) as file:
            yield file  # pyright: ignore[reportReturnType]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ImageError("gzip file", got="damaged content", expected="a whole file", do="copy it again") from error


def _name_of(kind: Kind, number: int) -> str:
    return f"{FILES}/{number:06d}{SUFFIXES.get(kind, '')}"


def _known(file: StudyFile | None) -> StudyFile:
    if file is None:
        raise ImageError("uploaded file", got="content of another kind", expected=_READABLE, do="send one of these")
    return file
