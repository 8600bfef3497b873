"""One picture of any file, told by its content: what is shown, and what the file says about it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming, read_bytes
from doctorsun.image.intensity import Window
from doctorsun.image.raster import count_pages, decode, image_record, is_ordinary
from doctorsun.schema import Image, ImageFacts

_BARE_DATA_SET = re.compile(rb"[\x02\x08]\x00[\x00-\x20]\x00|\x00\x08\x00[\x00-\x20]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedPicture:
    """A picture, ready for a `Record` of the readers.

    Attributes:
        picture: the file's own bytes where it is an ordinary 8-bit picture; otherwise the pixels that are shown,
            [height, width] or [height, width, 3].
        facts: spacing, window, slice and orientation, as far as the file tells them.
        header: what else the file tells, in its own words, by name; empty for ordinary pictures. For DICOM as of
            `doctorsun.image.dicom_header.header_fields`: modality, body_part, laterality, plane, view, patient, study
            and more; and unit, which is HU where the values are Hounsfield units.
    """

    picture: NDArray[np.uint8] | Image
    facts: ImageFacts = field(default_factory=ImageFacts)
    header: dict[str, str] = field(default_factory=dict[str, str])


def open_picture(path: Path, *, frame: int | None = None, window: Window | int | None = None) -> OpenedPicture:
    """Open one picture of a file (PNG, JPEG, WebP, BMP, TIFF, GIF or DICOM) and decode it once, so that damage is seen.

    Args:
        path: the file; its name does not matter.
        frame: which frame or page of a file of several, counted from 0; None where there is one.
        window: how a DICOM picture of grey values is shown: a window, the number of one of its own, or None: its
            first own one, without any the soft tissue window for CT, and the 0.5 to 99.5 percentile for others.

    Raises:
        ImageError: the file cannot be read or shown; the message begins with the path.
    """
    with naming(path):
        if is_dicom(path):
            return _dicom_picture(path, frame, window)
        data = read_bytes(path)
        if window is not None:
            do = "leave the window out"
            raise ImageError("window", got="an ordinary picture", expected="values with a scale, as in DICOM", do=do)
        pixels = np.asarray(decode(data, page=frame))
        keep = frame is None and is_ordinary(data)
        return OpenedPicture(picture=image_record(data, path=str(path)) if keep else pixels)


def count_frames(path: Path) -> int:
    """Return how many frames or pages a picture file holds, by its header.

    Raises:
        ImageError: the file cannot be read; the message begins with the path.
    """
    with naming(path):
        if is_dicom(path):
            from doctorsun.image.dicom import open_dicom

            return open_dicom(path).num_frames
        return count_pages(read_bytes(path))


def is_dicom(path: Path) -> bool:
    """Return whether a file begins as DICOM does: with a preamble, or with the first elements themselves.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return begins_as_dicom(file.read(132))


def begins_as_dicom(start: bytes) -> bool:
    """Return whether the first bytes of a file, 132 or more, are those of DICOM."""
    # PS3.10 7.1: 128 bytes, then DICM; data sets without it begin with a low element of group 0002 or 0008
    return start[128:132] == b"DICM" or _BARE_DATA_SET.match(start) is not None


def _dicom_picture(path: Path, frame: int | None, window: Window | int | None) -> OpenedPicture:
    from doctorsun.image.dicom import open_dicom, require_picture, sound_file
    from doctorsun.image.dicom_display import display_frame, in_hounsfield_units
    from doctorsun.image.dicom_header import header_fields, orientation, spacing_mm

    file = open_dicom(path)
    if frame is None and file.num_frames > 1:
        got, do = str(file.num_frames), "choose one of its frames"
        raise ImageError("the DICOM file holds several frames", got=got, expected="1", do=do)
    header = file.frame_header(frame or 0)
    require_picture(header)
    pixels, used = display_frame(file.values(frame or 0), header, window)
    with sound_file():
        facts = ImageFacts(
            spacing_mm=spacing_mm(header)[0],
            window=(used.center, used.width) if used else None,
            slice=frame if file.num_frames > 1 else None,
            orientation=orientation(header),
        )
        unit = "HU" if in_hounsfield_units(header) else ""
        return OpenedPicture(picture=pixels, facts=facts, header=header_fields(header) | {"unit": unit})
