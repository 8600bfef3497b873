"""Zip archives of clients, read under limits; no name of a member ever becomes a path on this machine.

Source: PKWARE APPNOTE.TXT 6.3.10; D. Fifield, A better zip bomb (WOOT 2019), for members that overlap.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath

from doctorsun.errors import ImageError
from doctorsun.image.study.budget import Budget

_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCAL_HEADER_BYTES = 30
_FURNITURE = ("DICOMDIR", "Thumbs.db", "desktop.ini")


@contextmanager
def opened_archive(path: Path, budget: Budget) -> Generator[zipfile.ZipFile]:
    """Open an archive whose directory is sound and keeps to the limits.

    Raises:
        ImageError: damaged, here or while its members are read; too many or too large members; or members that are
            encrypted, links, packed in an unusual way, outside of the archive's folder, or over one another.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _require_sound(archive.infolist(), budget)
            yield archive
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, UnicodeError) as error:
        raise _fault("damaged content", "a whole zip archive", "make it again") from error


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files that may hold images, in the order of their names."""
    infos = (info for info in archive.infolist() if not info.is_dir() and info.file_size)
    return sorted((info for info in infos if not _is_furniture(info.filename)), key=lambda info: info.filename)


def _is_furniture(name: str) -> bool:
    """Tell what systems and viewers put beside images."""
    path = PurePosixPath(name)
    return path.name.startswith(".") or path.name in _FURNITURE or "__MACOSX" in path.parts


def _require_sound(infos: Sequence[zipfile.ZipInfo], budget: Budget) -> None:
    budget.require_files(len(infos))
    budget.require_bytes(sum(info.file_size for info in infos))
    for info in infos:
        _require_usual(info)
    ordered = sorted(infos, key=lambda info: info.header_offset)
    for one, following in pairwise(ordered):
        if one.header_offset + _LOCAL_HEADER_BYTES + one.compress_size > following.header_offset:
            raise _fault("members over one another", "members one after the other", "make it again")


def _require_usual(info: zipfile.ZipInfo) -> None:
    parts = info.filename.replace("\\", "/").split("/")
    mode = info.external_attr >> 16
    if info.flag_bits & _ENCRYPTED:
        raise _fault("encrypted members", "members without a password", "unpack it and make it again")
    if info.compress_type not in _METHODS:
        raise _fault(f"members packed by method {info.compress_type}", "stored or deflated", "make it again")
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise _fault("a name that leads out of the archive", "names below its folder", "make it again")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _fault("a link or a device", "plain files", "make it again without links")


def _fault(got: str, expected: str, do: str) -> ImageError:
    return ImageError("zip archive", got=got, expected=expected, do=do)
