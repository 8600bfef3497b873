"""What a file of a client is, told by its first bytes; its name and its media type do not count."""

from typing import Literal

from doctorsun.errors import ImageError
from doctorsun.image.itk import META_IMAGE, NRRD_MAGIC
from doctorsun.image.picture import begins_as_dicom

Kind = Literal["dicom", "nifti", "nrrd", "metaimage", "picture", "zip", "gzip"]

BEGINNING_BYTES = 4096
SUFFIXES: dict[Kind, str] = {"nifti": ".nii", "nrrd": ".nrrd", "metaimage": ".mha"}
"""Libraries choose their reader by these names."""

_MAGIC: dict[bytes, Kind] = {
    b"\x89PNG\r\n\x1a\n": "picture",
    b"\xff\xd8\xff": "picture",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    NRRD_MAGIC: "nrrd",
}
_NIFTI_HEADERS = ((348, slice(344, 348), b"n+1\x00"), (540, slice(4, 8), b"n+2\x00"))
_PROGRAMS = (  # what may stand in the 128 bytes that DICOM leaves to others, and would make the file a program as well
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"PK",
    b"%PDF",
    b"<",
)


def kind_of(start: bytes) -> Kind | None:
    """Return what a file is; None for what no one looks at.

    Args:
        start: its first `BEGINNING_BYTES`.

    Raises:
        ImageError: it is DICOM and a program, a page or an archive at once (CVE-2019-11687).
    """
    if start[128:132] == b"DICM":
        _require_blank_preamble(start[:128])
        return "dicom"
    by_magic: Kind | None = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    if by_magic:
        return by_magic
    if _is_nifti(start):
        return "nifti"
    if META_IMAGE.match(start):
        return "metaimage"
    return "dicom" if begins_as_dicom(start) else None


def _is_nifti(start: bytes) -> bool:
    """Tell a NIfTI-1 or NIfTI-2 file whose voxels follow its header, by size of header and magic, of either order."""
    sizes = int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")
    return any(size in sizes and start[place] == magic for size, place, magic in _NIFTI_HEADERS)


def _require_blank_preamble(preamble: bytes) -> None:
    if preamble.lstrip().startswith(_PROGRAMS):
        raise ImageError(
            "preamble of the DICOM file",
            got="the beginning of a program, a page or an archive",
            expected="zeros, or the beginning of a TIFF file",
            do="export the file again from where it comes",
        )
