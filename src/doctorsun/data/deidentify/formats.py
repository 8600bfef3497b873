"""Formats whose files can be de-identified, told by their content; names are trusted for tables of numbers alone."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.bitmap import deidentify_bitmap, is_bitmap
from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.gradients import SUFFIXES, deidentify_gradients
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.nifti import deidentify_nifti, is_nifti, is_packed
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.picture import JPEG_SIGNATURE, PNG_SIGNATURE, deidentify_picture
from doctorsun.data.deidentify.sidecar import deidentify_sidecar, is_sidecar
from doctorsun.data.deidentify.tiff import deidentify_tiff
from doctorsun.data.deidentify.volume_header import META_SIGNATURE, NRRD_SIGNATURE, deidentify_volume_header

Deidentify = Callable[[Path, Path, Key, Options], list[Action]]
HEAD_BYTES = 540
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PREAMBLE_BYTES, PREFIX = 128, b"DICM"
FIRST_GROUPS, LAST_FIRST_ELEMENT = (2, 8), 0x60  # by which data sets without a preamble begin


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: as reports tell it.
        suffix: how the names of its files end.
        deidentify: writes a file of it anew.
        of_pair: whether another file belongs to each, with the same name and another ending.
    """

    name: str
    suffix: str
    deidentify: Deidentify
    of_pair: bool = False


def format_of(path: Path) -> Format | None:
    """Return the format of a file; None where it is none that can be de-identified.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if _is_dicom(head):
        return Format("DICOM", ".dcm", deidentify_dicom)
    return _picture(path, head) or _volume(path, head)


def _picture(path: Path, head: bytes) -> Format | None:
    if head.startswith(TIFF_SIGNATURES):
        return Format("TIFF", _own_suffix(path, (".tif", ".tiff", ".svs")), deidentify_tiff)
    if head.startswith(PNG_SIGNATURE):
        return Format("PNG", ".png", deidentify_picture)
    if is_bitmap(head):
        return Format("BMP", ".bmp", deidentify_bitmap)
    return Format("JPEG", ".jpg", deidentify_picture) if head.startswith(JPEG_SIGNATURE) else None


def _volume(path: Path, head: bytes) -> Format | None:
    if head.startswith(NRRD_SIGNATURE):
        return Format("NRRD", ".nrrd", deidentify_volume_header)
    if head.startswith(META_SIGNATURE):
        return Format("MetaImage", ".mha", deidentify_volume_header)
    if is_nifti(path):
        return Format("NIfTI", ".nii.gz" if is_packed(path) else ".nii", deidentify_nifti, of_pair=True)
    if path.suffix.lower() in SUFFIXES:
        return Format("gradients", path.suffix.lower(), deidentify_gradients, of_pair=True)
    is_told = head.lstrip().startswith(b"{") and is_sidecar(path)
    return Format("sidecar", ".json", deidentify_sidecar, of_pair=True) if is_told else None


def _own_suffix(path: Path, known: tuple[str, ...]) -> str:
    """Return the suffix of a file where it is a usual one, else the first."""
    return path.suffix.lower() if path.suffix.lower() in known else known[0]


def _is_dicom(head: bytes) -> bool:
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == PREFIX:
        return True
    if len(head) < PREAMBLE_BYTES:
        return False
    begins = (struct.unpack_from(f"{order}HH", head) for order in "<>")
    return any(group in FIRST_GROUPS and element <= LAST_FIRST_ELEMENT for group, element in begins)
