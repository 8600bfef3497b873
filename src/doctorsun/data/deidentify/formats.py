"""Formats whose files can be de-identified, told by their content; the names of files are not trusted."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.deidentify.action import Action
from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options

Deidentify = Callable[[Path, Path, Key, Options], list[Action]]
HEAD_BYTES = 540
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
    return None


def _is_dicom(head: bytes) -> bool:
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] == PREFIX:
        return True
    if len(head) < PREAMBLE_BYTES:
        return False
    begins = (struct.unpack_from(f"{order}HH", head) for order in "<>")
    return any(group in FIRST_GROUPS and element <= LAST_FIRST_ELEMENT for group, element in begins)
