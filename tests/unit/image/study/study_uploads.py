"""Uploads for the tests of studies: a folder as the store makes it, and archives of files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.image.study.intake import UPLOAD
from doctorsun.image.study.series import Series
from doctorsun.image.study.show import describe, series_from_json

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 1_000_000


def uploaded(tmp_path: Path, data: bytes) -> Path:
    """Return the folder of a study that these bytes were sent for."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / UPLOAD).write_bytes(data)
    return folder


def zipped(path: Path, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of members by name."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return path.read_bytes()


def told(folder: Path) -> dict[str, Any]:
    """Describe an upload under the limits of the tests."""
    return describe(folder, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS)


def series_of(folder: Path) -> list[Series]:
    """Return the series of an upload."""
    return [series_from_json(each) for each in told(folder)["series"]]
