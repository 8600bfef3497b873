"""DICOM files of a study: sorted into series, described from their headers, shown slice by slice."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filereader import _read_file_meta_info, read_preamble  # pyright: ignore[reportPrivateUsage]
from pydicom.uid import DeflatedExplicitVRLittleEndian

from doctorsun.errors import ImageError
from doctorsun.image.dicom import DicomFile, open_dicom, require_picture, sound_file
from doctorsun.image.dicom_display import display_frame, in_hounsfield_units, own_windows
from doctorsun.image.dicom_header import header_fields, numbers, orientation, spacing_mm, word
from doctorsun.image.dicom_slices import slices_of, stacked
from doctorsun.image.intensity import Window
from doctorsun.image.study.safe_facts import facts_of, modality_of, warnings_of, window_words
from doctorsun.image.study.series import FULL, OWN, NamedWindow, Series, Source, presets

MAX_INFLATED_BYTES = 256 * 2**20
_MAX_FRAMES = 10_000
_MAX_OWN_WINDOWS = 16
_CHUNK_BYTES = 2**16
_EIGHT_BITS = Window(127.5, 255, "LINEAR_EXACT")


@dataclass(frozen=True, slots=True)
class _Found:
    """An opened file and its name in the folder of the study."""

    name: str
    file: DicomFile


def dicom_series(folder: Path, names: Sequence[str], max_pixels: int) -> list[Series]:
    """Sort files into series and describe each; its middle slice is decoded, so that damage is seen.

    Returns:
        The series by number; what holds no picture or is damaged is in none.

    Raises:
        ImageError: there is no series; why the first file is in none.
    """
    faults: list[ImageError] = []
    found: list[_Found] = []
    series: list[Series] = []
    for name in names:
        try:
            found.append(_Found(name, _opened(folder / name, max_pixels)))
        except ImageError as fault:
            faults.append(fault)
    for group in sorted(_grouped(found), key=_place_in_study):
        try:
            series.append(_described(group))
        except ImageError as fault:
            faults.append(fault)
    if not series:
        raise faults[0]
    return series


def dicom_pixels(
    folder: Path, series: Series, index: int, window: Window | int | None, max_pixels: int
) -> NDArray[np.uint8]:
    """Return what is shown of one slice.

    Raises:
        ImageError: it is damaged, or the window does not fit it.
    """
    files = series.source.files
    name, frame = (files[0], index) if len(files) == 1 else (files[index], 0)
    return _shown(_opened(folder / name, max_pixels), frame, window)[0]


def _opened(path: Path, max_pixels: int) -> DicomFile:
    _require_small_inflated(path)
    file = open_dicom(path, max_pixels=max_pixels)
    require_picture(file.header)
    if file.num_frames > _MAX_FRAMES:
        raise ImageError("frames of the DICOM file", got=str(file.num_frames), expected=f"at most {_MAX_FRAMES}")
    return file


def _shown(file: DicomFile, frame: int, window: Window | int | None) -> tuple[NDArray[np.uint8], Window | None]:
    return display_frame(file.values(frame), file.frame_header(frame), window)


def _grouped(found: Iterable[_Found]) -> list[list[_Found]]:
    """Put the files of one series together; a file of several frames is a series of its own."""
    groups: dict[str, list[_Found]] = {}
    for each in found:
        uid = word(each.file.header, "SeriesInstanceUID")
        alone = each.file.num_frames > 1 or not uid
        groups.setdefault(each.name if alone else uid, []).append(each)
    return list(groups.values())


def _described(group: list[_Found]) -> Series:
    ordered, warnings = _ordered(group)
    num_slices = len(ordered) if len(ordered) > 1 else ordered[0].file.num_frames
    middle = num_slices // 2
    file, frame = (ordered[middle].file, 0) if len(ordered) > 1 else (ordered[0].file, middle)
    header = file.frame_header(frame)
    pixels, used = _shown(file, frame, None)
    with sound_file():
        windows = () if pixels.ndim > 2 else _windows(header, used)  # noqa: PLR2004 (rows and columns alone are grey)
        names = [window.name for window in windows]
        return Series(
            kind="dicom",
            modality=modality_of(header),
            num_slices=num_slices,
            width=pixels.shape[1],
            height=pixels.shape[0],
            plane=header_fields(header)["plane"],
            orientation=orientation(header),
            spacing_mm=spacing_mm(header)[0],
            default_slice=middle,
            windows=windows,
            default_window=next((name for name in (OWN, "soft_tissue", FULL) if name in names), None),
            facts=facts_of(header),
            warnings=(*warnings_of(header), *warnings),
            source=Source(tuple(each.name for each in ordered)),
        )


def _ordered(group: list[_Found]) -> tuple[list[_Found], list[str]]:
    """Return files in the order of their places, else of their numbers; and what a reader has to know of it."""
    if len(group) == 1:
        return group, []
    by_path = {each.file.path: each for each in group}
    try:
        with sound_file():
            stack = stacked([place for each in group for place in slices_of(each.file.header, each.file.path)])
        if len(stack.slices) == len(group):
            return [by_path[place.path] for place in stack.slices], ["uneven_slices"] if stack.irregular else []
    except ImageError:
        pass
    by_number = sorted(group, key=lambda each: (numbers(each.file.header, "InstanceNumber"), each.name))
    return by_number, ["order_by_number"]


def _windows(header: Dataset, used: Window | None) -> tuple[NamedWindow, ...]:
    """Return the windows that a grey frame can be shown with; ``used`` is what showed it when none was named."""
    mine = _own_windows(header)
    if in_hounsfield_units(header):
        return (*mine, *presets())
    if mine:
        return mine
    used = used or _EIGHT_BITS
    return (NamedWindow(FULL, used.center, used.width),)


def _own_windows(header: Dataset) -> tuple[NamedWindow, ...]:
    """Return what a file brings along; first what `display_frame` shows it with by itself.

    That is its table, told by what it covers, or its first window; the others are named by their number in the file.
    """
    windows = own_windows(header)[:_MAX_OWN_WINDOWS]
    explanations = window_words(header)
    explanations = explanations if len(explanations) == len(windows) else [""] * len(windows)
    named = [
        NamedWindow(f"{OWN}_{number}", window.center, window.width, explanation)
        for number, (window, explanation) in enumerate(zip(windows, explanations, strict=True), 1)
        if window not in windows[: number - 1]
    ]
    if header.get("VOILUTSequence"):
        num_entries, first, _ = (int(value) for value in header.VOILUTSequence[0].LUTDescriptor)
        num_entries = num_entries or 2**16  # PS3.3 C.11.2.1.1: 0 stands for 65536
        return (NamedWindow(OWN, first + num_entries / 2, num_entries), *named)
    return (*(replace(window, name=OWN) for window in named[:1]), *named[1:])


def _place_in_study(group: list[_Found]) -> tuple[list[float], str]:
    return numbers(group[0].file.header, "SeriesNumber"), group[0].name


def _require_small_inflated(path: Path) -> None:
    """Bound what a deflated file becomes: pydicom would inflate it whole, without a limit, to read its header."""
    with sound_file(), path.open("rb") as file:
        read_preamble(file, force=True)
        meta = _read_file_meta_info(file)  # the same function as pydicom's reader, so that both see one file
        if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return
        inflating, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        packed = file.read(_CHUNK_BYTES)
        while packed and not inflating.eof:
            size += len(inflating.decompress(packed, _CHUNK_BYTES))
            if size > MAX_INFLATED_BYTES:
                expected = f"at most {MAX_INFLATED_BYTES // 2**20} MiB"
                raise ImageError("deflated DICOM file", got="more when inflated", expected=expected)
            packed = inflating.unconsumed_tail or file.read(_CHUNK_BYTES)
