"""The pixels of a DICOM file with their text blanked: written without compression where there was some."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, ExplicitVRLittleEndian

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.burned_in import EXTRA, Frames, blanked, may_hold_text, text_boxes
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.refusal import Refusal

COLOURS = 3


def needs_reading(header: Dataset, options: Options, *, installed: bool) -> bool:
    """Return whether the pixels of a file are to be read.

    Args:
        header: tells which kind of picture it is.
        options: what was chosen.
        installed: whether what reads text is here.

    Raises:
        Refusal: they may hold text, and nothing that reads it is installed.
    """
    if "PixelData" not in header or not options.read_pixels or not may_hold_text(header):
        return False
    if not installed:
        raise Refusal(f"its pixels may hold text: pip install 'doctorsun[{EXTRA}]', or leave them by --without-ocr")
    return True


def without_text(source: Dataset, cleaned: Dataset, syntax: UID) -> tuple[UID, list[Action]]:
    """Blank the text in the pixels of a cleaned data set.

    Returns:
        The transfer syntax in which the pixels now are, and what was done.

    Raises:
        Refusal: the pixels cannot be decoded.
    """
    try:
        values, facts = get_decoder(syntax).as_array(source, raw=False)
    except Exception as error:  # the decoders raise errors of every type
        raise Refusal(f"its pixels may hold text and cannot be decoded ({type(error).__name__})") from error
    frames = values if int(source.get("NumberOfFrames") or 1) > 1 else values[None]
    boxes = text_boxes(_coloured(frames, source))
    if not boxes:
        return syntax, []
    _store(cleaned, blanked(frames, boxes, value=_background(frames, source)), str(facts["photometric_interpretation"]))
    places = (f"columns {box.left} to {box.right - 1}, rows {box.top} to {box.bottom - 1}" for box in boxes)
    return ExplicitVRLittleEndian, [Action("pixels", "blanked", f"text in {place}") for place in places]


def _coloured(frames: Frames, source: Dataset) -> Frames:
    """Return the frames as they are shown: the numbers of a colour table are told apart by their colours alone."""
    if source.get("PhotometricInterpretation") != "PALETTE COLOR":
        return frames
    colours = apply_color_lut(frames, source)[..., :COLOURS]
    return (colours >> 8).astype(np.uint8) if colours.dtype.itemsize > 1 else colours


def _background(frames: Frames, source: Dataset) -> float:
    """Return what a blank is filled with: black; of colour tables, the value that most pixels have."""
    kind = str(source.get("PhotometricInterpretation"))
    if kind == "MONOCHROME1":
        return frames.max()
    if kind == "PALETTE COLOR":
        found, counts = np.unique(frames, return_counts=True)
        return found[counts.argmax()]
    return frames.min() if frames.dtype.kind == "i" else 0


def _store(cleaned: Dataset, frames: Frames, kind: str) -> None:
    """Put decoded pixels into a data set, sample by sample, in little endian."""
    little = frames.astype(frames.dtype.newbyteorder("<"), copy=False)
    allocated = little.dtype.itemsize * 8
    if allocated != cleaned.BitsAllocated:
        cleaned.BitsAllocated, cleaned.BitsStored, cleaned.HighBit = allocated, allocated, allocated - 1
    cleaned.PhotometricInterpretation = kind
    if cleaned.SamplesPerPixel == COLOURS:
        cleaned.PlanarConfiguration = 0
    pixels = np.ascontiguousarray(little).tobytes()
    cleaned.PixelData = pixels + b"\0" * (len(pixels) % 2)
    cleaned["PixelData"].VR = "OW" if allocated > 8 else "OB"  # noqa: PLR2004 (bits of a byte)
