"""The two questions to a study: what is in it, and how one of its slices looks."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window
from doctorsun.image.raster import decode, encode_png
from doctorsun.image.study.intake import StudyFile, take_in
from doctorsun.image.study.kinds import BEGINNING_BYTES, Kind, kind_of
from doctorsun.image.study.series import NamedWindow, Series, Source

MAX_SERIES = 200
_VOLUMES: tuple[Kind, ...] = ("nifti", "nrrd", "metaimage")


def describe(folder: Path, *, max_bytes: int, max_pixels: int) -> dict[str, Any]:
    """Unpack the upload in the folder of a study and tell what is in it.

    Args:
        folder: with the file ``upload`` and nothing else.
        max_bytes: of all unpacked files together.
        max_pixels: of one slice.

    Returns:
        ``kind`` (of all its files, else ``mixed``), ``series`` as of `series_to_json`, and ``skipped``: the members of
        an archive that cannot be shown, counted from 0 in the order of their names.

    Raises:
        ImageError: there is nothing to look at, it is damaged, or over the limits.
        OSError: the disk is full, or fails.
    """
    intake = take_in(folder, max_bytes=max_bytes)
    series = _all_series(folder, intake.files, max_pixels)
    if len(series) > MAX_SERIES:
        do = "send fewer at a time"
        raise ImageError("series of the upload", got=str(len(series)), expected=f"at most {MAX_SERIES}", do=do)
    kinds = {each.kind for each in series}
    shown = {name for each in series for name in each.source.files}
    skipped = [*intake.skipped, *(file.member for file in intake.files if file.name not in shown)]
    return {
        "kind": kinds.pop() if len(kinds) == 1 else "mixed",
        "series": [asdict(_with_member(each, intake.files)) for each in series],
        "skipped": sorted(skipped),
    }


def render(folder: Path, series: Series, index: int, window: str, *, max_pixels: int) -> bytes:
    """Return one slice as PNG.

    Args:
        folder: of the study.
        series: one of those that `describe` told.
        index: counted from 0.
        window: as of `Series.window`.
        max_pixels: of the slice.

    Raises:
        ImageError: there is no such slice or window, or the slice is damaged.
    """
    series.require_slice(index)
    chosen = series.window(window)
    if series.kind == "dicom":
        from doctorsun.image.study.dicom_files import dicom_pixels

        return encode_png(dicom_pixels(folder, series, index, chosen, max_pixels))
    if isinstance(chosen, Window):
        from doctorsun.image.study.volume_files import volume_pixels

        return encode_png(volume_pixels(folder, series, index, chosen))
    return encode_png(_picture((folder / series.source.files[0]).read_bytes(), max_pixels))


def sanitise(data: bytes, *, max_pixels: int) -> bytes:
    """Return a PNG or JPEG as a new PNG of the same pixels, uncompressed, without anything else that was in it.

    Raises:
        ImageError: it is neither, too large or damaged.
    """
    return encode_png(_picture(data, max_pixels), compression=0)


def series_from_json(value: dict[str, Any]) -> Series:
    """Return a series from JSON, which keeps no tuples."""
    spacing = value["spacing_mm"]
    tuples: dict[str, Any] = {
        "spacing_mm": tuple(spacing) if spacing else None,
        "windows": tuple(NamedWindow(**window) for window in value["windows"]),
        "warnings": tuple(value["warnings"]),
        "source": Source(tuple(value["source"]["files"]), value["source"]["plane"]),
    }
    return Series(**(value | tuples))


def _all_series(folder: Path, files: tuple[StudyFile, ...], max_pixels: int) -> list[Series]:
    """Describe what can be shown; what cannot is left out, unless it is all there is."""
    series: list[Series] = []
    faults: list[ImageError] = []
    dicom = [file.name for file in files if file.kind == "dicom"]
    try:
        if dicom:
            from doctorsun.image.study.dicom_files import dicom_series

            series += dicom_series(folder, dicom, max_pixels)
    except ImageError as fault:
        faults.append(fault)
    for file in files:
        try:
            series += _other_series(folder, file, max_pixels)
        except ImageError as fault:
            faults.append(fault)
    if not series:
        raise faults[0]
    return series


def _with_member(series: Series, files: Iterable[StudyFile]) -> Series:
    members = [file.member for file in files if file.name in series.source.files]
    return replace(series, member=members[0] if len(members) == 1 else None)


def _other_series(folder: Path, file: StudyFile, max_pixels: int) -> list[Series]:
    if file.kind in _VOLUMES:
        from doctorsun.image.study.volume_files import volume_series

        return volume_series(folder, file.name, file.kind, max_pixels)
    if file.kind == "picture":
        pixels = _picture((folder / file.name).read_bytes(), max_pixels)
        height, width = pixels.shape[:2]
        return [Series(kind="picture", width=width, height=height, source=Source((file.name,)))]
    return []


def _picture(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    if kind_of(data[:BEGINNING_BYTES]) != "picture":
        expected, do = "PNG or JPEG", "save it as one of them"
        raise ImageError("picture", got="content of another kind", expected=expected, do=do)
    return np.asarray(decode(data, max_pixels=max_pixels))
