"""Volumes of a study (NIfTI, NRRD, MetaImage): slices in each plane that can be looked at."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError, MissingDependency
from doctorsun.image.intensity import Window, percentile_window
from doctorsun.image.itk import open_itk
from doctorsun.image.nifti import open_nifti
from doctorsun.image.study.intake import StudyFile
from doctorsun.image.study.kinds import Kind
from doctorsun.image.study.series import FULL, NamedWindow, Series, Source, presets
from doctorsun.image.volume import COARSE, DISPLAY, PLANES, Plane, Volume, show_slice

MAX_HEADER_BYTES = 2**16
_LIKE_AIR = -500  # of Hounsfield units; scales of MR begin at zero
_NRRD_OTHER_FILE = re.compile(rb"^\s*data\s?file", re.MULTILINE | re.IGNORECASE)
_META_OTHER_FILE = re.compile(rb"ElementDataFile(?!\s*=\s*LOCAL\s*$)", re.MULTILINE | re.IGNORECASE)
_HEADER_ENDS = {"nrrd": b"\n\n", "metaimage": b"ElementDataFile"}


def volume_series(folder: Path, name: str, kind: Kind, max_pixels: int) -> list[Series]:
    """Describe a volume: one series for each plane; the middle slice of each is read, so that damage is seen.

    Raises:
        ImageError: it cannot be read, or a slice is too large.
    """
    volume, warnings = _opened(folder / name, kind)
    series = [_described(volume, plane, StudyFile(name, kind), warnings) for plane in _planes(volume)]
    for each in series:
        if each.width * each.height > max_pixels:
            got, expected = f"{each.width} x {each.height} pixels", f"at most {max_pixels} pixels"
            raise ImageError("slice of the volume", got=got, expected=expected)
    return series


def volume_pixels(folder: Path, series: Series, index: int, window: Window) -> NDArray[np.uint8]:
    """Return what is shown of one slice.

    Raises:
        ImageError: its values cannot be read.
    """
    volume, _ = _opened(folder / series.source.files[0], series.kind)
    return show_slice(volume, series.source.plane, index, window).pixels


def _opened(path: Path, kind: Kind) -> tuple[Volume, list[str]]:
    """Open a volume; of several channels the first, with a warning."""
    try:
        volume, warnings = _opened_channel(path, kind, None), list[str]()
    except ImageError as error:
        if "channels" not in error.got:
            raise
        volume, warnings = _opened_channel(path, kind, 0), ["first_of_several_channels"]
    return volume, warnings + ([] if volume.is_oriented else ["sides_not_known"])


def _opened_channel(path: Path, kind: Kind, channel: int | None) -> Volume:
    if kind == "nifti":
        return open_nifti(path, channel)
    _require_one_file(path, kind)
    try:
        return open_itk(path, channel)
    except MissingDependency as error:
        got, do = f"a {kind} file", "convert it to NIfTI"
        raise ImageError("volume", got=got, expected="a kind that this server can read", do=do) from error


def _require_one_file(path: Path, kind: Kind) -> None:
    """Require that a volume names no other file for its voxels: that could be any file of this machine.

    Raises:
        ImageError: it does, or its header is too long to tell.
    """
    with path.open("rb") as file:
        header = file.read(MAX_HEADER_BYTES)
    other_file = _NRRD_OTHER_FILE if kind == "nrrd" else _META_OTHER_FILE
    if other_file.search(header):
        do = "save it as one file"
        raise ImageError("volume", got="the name of another file in its header", expected="voxels of its own", do=do)
    if _HEADER_ENDS[kind] not in header:
        raise ImageError("volume", got="a header without an end", expected=f"at most {MAX_HEADER_BYTES} bytes of it")


def _planes(volume: Volume) -> tuple[Plane | None, ...]:
    """Return the plane that was acquired and, of voxels with about equal sides, the others."""
    acquired = volume.acquired_plane()
    if acquired is None or max(volume.spacing_mm) > COARSE * min(volume.spacing_mm):
        return (acquired,)
    return acquired, *(plane for plane in reversed(PLANES) if plane != acquired)


def _described(volume: Volume, plane: Plane | None, file: StudyFile, warnings: list[str]) -> Series:
    axis = volume.axis_of(plane)
    middle = volume.shape[axis] // 2
    values = np.asarray(volume.slice_values(plane, middle))
    height, width = values.shape
    return Series(
        kind=file.kind,
        num_slices=volume.shape[axis],
        width=width,
        height=height,
        plane=plane or "",
        orientation=DISPLAY[plane] if plane else "",
        spacing_mm=volume.picture_spacing_mm(plane),
        default_slice=middle,
        windows=_windows(values),
        default_window=FULL,
        facts={
            "voxels": list(volume.shape),
            "voxel_size_mm": list(volume.spacing_mm) if volume.is_scaled else [],
            "stored_orientation": volume.orientation,
        },
        warnings=tuple(warnings),
        source=Source((file.name,), plane),
    )


def _windows(values: NDArray[np.integer | np.floating]) -> tuple[NamedWindow, ...]:
    """Offer the whole range; where values reach as low as air in CT, its windows too, for no file tells the unit."""
    full = percentile_window(values)
    offered = (NamedWindow(FULL, full.center, full.width),)
    return (*offered, *presets()) if np.nanmin(values) <= _LIKE_AIR else offered
