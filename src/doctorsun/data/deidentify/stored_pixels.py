"""Stored pixels: exactly the bytes of the picture, without what lies after, between or beside them."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.code_streams import picture_alone
from doctorsun.data.deidentify.refusal import Refusal

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
OVERLAYS, OVERLAY_DATA, OVERLAY_BIT = range(0x6000, 0x6020, 2), 0x3000, 0x0102


def pixels_alone(source: Dataset, cleaned: Dataset, syntax: UID) -> list[Action]:
    """Cut the pixels of a cleaned data set to their picture: no padding, no comments in streams, no hidden overlays.

    Raises:
        Refusal: there are fewer pixels than the header tells.
    """
    present = [keyword for keyword in PIXELS if keyword in cleaned]
    actions: list[Action] = []
    for keyword in present:
        old = cleaned[keyword].value
        new = _encapsulated(cleaned, old, syntax) if syntax.is_encapsulated else _native(cleaned, keyword, old)
        if not syntax.is_encapsulated and _has_hidden_overlay(source):
            new = _stored_bits(cleaned, new, syntax)
            actions.append(Action("pixels", "cleaned", "overlay in unused bits"))
        if new != old:
            actions.append(Action("pixels", "cleaned", "bytes beside the picture"))
        cleaned[keyword].value = new
        cleaned[keyword].is_undefined_length = syntax.is_encapsulated
    return actions


def _native(cleaned: Dataset, keyword: str, old: bytes) -> bytes:
    expected = get_expected_length(cleaned) if keyword == "PixelData" else _num_values(cleaned) * _float_size(keyword)
    if len(old) < expected:
        raise Refusal("damaged: fewer pixels than the header tells")
    even = expected + expected % 2  # in big endian, the byte that makes it even may hold the last pixel
    return old[:even] + b"\0" * (even - len(old[:even]))


def _encapsulated(cleaned: Dataset, old: bytes, syntax: UID) -> bytes:
    number = int(cleaned.get("NumberOfFrames") or 1)
    num_pixels = int(cleaned.Rows) * int(cleaned.Columns)
    frames = [picture_alone(frame, syntax, num_pixels) for frame in generate_frames(old, number_of_frames=number)]
    if len(frames) != number:
        raise Refusal("damaged: fewer frames than the header tells")
    return encapsulate(frames)


def _num_values(cleaned: Dataset) -> int:
    frames, samples = int(cleaned.get("NumberOfFrames") or 1), int(cleaned.get("SamplesPerPixel") or 1)
    return int(cleaned.Rows) * int(cleaned.Columns) * frames * samples


def _float_size(keyword: str) -> int:
    return 4 if keyword == "FloatPixelData" else 8


def _has_hidden_overlay(source: Dataset) -> bool:
    """Return whether the bits that pixels leave unused hold an overlay, as was allowed until 2004 (PS3.5 8.1.2)."""
    return any((group, OVERLAY_BIT) in source and (group, OVERLAY_DATA) not in source for group in OVERLAYS)


def _stored_bits(cleaned: Dataset, pixels: bytes, syntax: UID) -> bytes:
    """Set the bits to zero that hold no part of the value; of negative values, to one."""
    allocated, stored, high = int(cleaned.BitsAllocated), int(cleaned.BitsStored), int(cleaned.HighBit)
    order = "<" if syntax.is_little_endian else ">"
    if allocated not in (8, 16, 32):
        raise Refusal("an overlay in unused bits of pixels of an unusual size")
    values = np.frombuffer(pixels, f"{order}u{allocated // 8}")
    mask = ((1 << stored) - 1) << (high + 1 - stored)
    cleared = values & mask
    if cleaned.get("PixelRepresentation"):
        negative = (values >> high) & 1 == 1
        cleared[negative] |= ((1 << allocated) - 1) & ~((1 << (high + 1)) - 1)
    return cleared.astype(values.dtype).tobytes()
