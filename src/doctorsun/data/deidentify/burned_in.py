"""Text in pixels: which pictures may hold some, where it stands, and pictures without it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Num, Shaped, UInt8
from pydicom.dataset import Dataset

from doctorsun.image.dicom_header import word, words
from doctorsun.image.libraries import optional_library

EXTRA = "ocr"
SECTIONAL = {"CT", "MR", "PT", "NM", "SEG", "RTDOSE", "PR", "KO", "SR", "RTSTRUCT", "RTPLAN", "REG", "ECG", "PLAN"}
"""Modalities whose own pictures come from a reconstruction, which writes nothing into them."""
RADIOGRAPHS = {"CR", "DX", "MG", "IO", "PX"}
"""Modalities whose devices tell reliably that they wrote nothing into a picture."""
COPIED = {"SCREEN SAVE", "SCREENSAVE", "SECONDARY CAPTURE", "CAPTURE", "REPORT", "DOSE_INFO", "PASTED", "PRINT"}
SLIDES, GLASS, LABELLED = "SM", {"VOLUME", "THUMBNAIL"}, {"LABEL", "OVERVIEW"}
"""Pictures of slides that show the glass alone, and those that show its label (PS3.3 C.8.12.4.1.1)."""
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
MARGIN_PX, MARGIN_SHARE = 2, 0.15
LARGE_SHARE, LEAST_SCORE = 0.4, 0.5
DARKEST_SHARE, BRIGHTEST_SHARE = 1, 99

Frame = Num[np.ndarray, "rows columns *samples"]
Frames = Num[np.ndarray, "frames rows columns *samples"]


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels that hold text: from (left, top) up to, and without, (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int


def may_hold_text(header: Dataset) -> bool:
    """Return whether a picture may hold text: any that is no untouched section, and no radiograph said to have none."""
    modality, annotated = word(header, "Modality"), word(header, "BurnedInAnnotation")
    is_copy = bool(COPIED & set(words(header, "ImageType"))) or "ConversionType" in header
    is_copy |= word(header, "SOPClassUID").startswith(SECONDARY_CAPTURE)
    if annotated == "YES" or is_copy:
        return True
    if modality == SLIDES:
        return not GLASS & set(words(header, "ImageType"))
    if modality in SECTIONAL:
        return not word(header, "PhotometricInterpretation").startswith("MONOCHROME")
    return not (modality in RADIOGRAPHS and annotated == "NO")


def shows_label(header: Dataset) -> bool:
    """Return whether a picture shows the label of a slide, whose bars and handwriting no reading of text finds."""
    return word(header, "Modality") == SLIDES and bool(LABELLED & set(words(header, "ImageType")))


def can_read_text() -> bool:
    """Return whether the libraries are installed that find text."""
    return all(find_spec(module) is not None for module in ("rapidocr", "onnxruntime"))


def text_boxes(frames: Frames) -> tuple[Box, ...]:
    """Find the text of all frames; what stands in one of them is told once, for all.

    Args:
        frames: values of any range; of frames that are equal, one is read.

    Raises:
        MissingDependency: the extra ``ocr`` is not installed.
    """
    found: set[Box] = set()
    seen: set[bytes] = set()
    for frame in frames:
        if (content := frame.tobytes()) not in seen:
            seen.add(content)
            for picture in _renderings(frame):
                found |= set(_boxes(picture))
    return tuple(sorted(found, key=lambda box: (box.top, box.left, box.bottom, box.right)))


def blanked(frames: Frames, boxes: tuple[Box, ...], *, value: float) -> Frames:
    """Return the frames with every box filled with a value; all other pixels stay as they are."""
    new = frames.copy()
    for box in boxes:
        new[:, box.top : box.bottom, box.left : box.right] = value
    return new


def _renderings(frame: Frame) -> Iterator[UInt8[np.ndarray, "rows columns 3"]]:
    """Yield a frame as pictures to read: of deep pixels, the whole range, and the range of most of them."""
    ranges = [(frame.min(), frame.max())]
    if frame.dtype.itemsize > 1:
        ranges.append(tuple(np.percentile(frame, (DARKEST_SHARE, BRIGHTEST_SHARE))))
    for low, high in ranges:
        share = (frame.astype(np.float32) - float(low)) / max(float(high) - float(low), 1e-6)
        grey = (np.clip(share, 0, 1) * 255).astype(np.uint8)
        yield frame if frame.ndim == 3 and frame.dtype == np.uint8 else _three(grey)  # noqa: PLR2004 (colours)


def _three(grey: Shaped[np.ndarray, "rows columns *samples"]) -> UInt8[np.ndarray, "rows columns 3"]:
    return np.ascontiguousarray(grey if grey.ndim == 3 else np.stack([grey] * 3, axis=-1))  # noqa: PLR2004 (colours)


def _boxes(picture: UInt8[np.ndarray, "rows columns 3"]) -> Iterator[Box]:
    rows, columns = picture.shape[:2]
    found = _reader()(picture[..., ::-1], use_det=True, use_cls=False, use_rec=False)  # it expects blue first
    for corners in found.boxes if found.boxes is not None else ():
        left, top = np.floor(corners.min(axis=0))
        right, bottom = np.ceil(corners.max(axis=0)) + 1
        margin = MARGIN_PX + MARGIN_SHARE * min(bottom - top, right - left)
        box = Box(
            max(int(left - margin), 0),
            max(int(top - margin), 0),
            min(int(right + margin), columns),
            min(int(bottom + margin), rows),
        )
        is_large = min((box.right - box.left) / columns, (box.bottom - box.top) / rows) >= LARGE_SHARE
        if not is_large or _is_text(picture, box):
            yield box


def _is_text(picture: UInt8[np.ndarray, "rows columns 3"], box: Box) -> bool:
    """Return whether a part of a picture can be read: bars and borders of test patterns look like huge letters."""
    part = np.ascontiguousarray(picture[box.top : box.bottom, box.left : box.right, ::-1])
    read = _reader()(part, use_det=False, use_cls=False, use_rec=True)
    found = zip(read.txts or (), read.scores or (), strict=True)
    return any(text.strip() and score >= LEAST_SCORE for text, score in found)


@cache
def _reader() -> Any:
    rapidocr = optional_library("rapidocr", needed_for="pictures with text", extra=EXTRA)
    optional_library("onnxruntime", needed_for="pictures with text", extra=EXTRA)
    reader = rapidocr.RapidOCR(params={"Global.log_level": "critical"})
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)  # it writes to the terminal whenever it finds nothing
    return reader
