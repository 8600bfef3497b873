import struct

import pytest

from doctorsun.errors import ImageError
from doctorsun.image.study.kinds import kind_of


def nifti(size: int, magic: bytes, order: str) -> bytes:
    header = bytearray(600)
    header[:4] = struct.pack(f"{order}i", size)
    place = 344 if size == 348 else 4
    header[place : place + 4] = magic
    return bytes(header)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (bytes(128) + b"DICM", "dicom"),
        (b"II*\x00" + bytes(124) + b"DICM", "dicom"),
        (b"\x08\x00\x05\x00CS", "dicom"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (nifti(348, b"n+1\x00", "<"), "nifti"),
        (nifti(348, b"n+1\x00", ">"), "nifti"),
        (nifti(540, b"n+2\x00", "<"), "nifti"),
        (nifti(348, b"ni1\x00", "<"), None),
        (b"NRRD0004\n", "nrrd"),
        (b"ObjectType = Image\n", "metaimage"),
        (b"GIF89a", None),
        (b"II*\x00", None),
        (b"RIFF....WEBP", None),
        (b"<svg>", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_a_file_is_told_by_its_beginning(start: bytes, kind: str | None) -> None:
    assert kind_of(start) == kind


@pytest.mark.parametrize(
    "program",
    [
        b"MZ\x90\x00",
        b"\x7fELF\x02",
        b"\xcf\xfa\xed\xfe",
        b"#!/bin/sh\n",
        b"PK\x03\x04",
        b"%PDF-1.7",
        b"<script>",
        b" \n<html>",
    ],
)
def test_what_is_a_program_as_well_is_refused(program: bytes) -> None:
    with pytest.raises(ImageError, match="preamble of the DICOM file: got the beginning of a program, a page"):
        kind_of(program.ljust(128, b"\x00") + b"DICM")
