"""The encoded images of samples as files: the bytes as they are, named by their content, each written once."""

import hashlib
from pathlib import Path

from doctorsun.data.readers.exported import UNKNOWN
from doctorsun.errors import DataError
from doctorsun.schema import Image, Sample

FOLDER = "images"
_SUFFIXES = {
    b"\x89PNG": "png",
    b"\xff\xd8": "jpg",
    b"RIFF": "webp",
    b"GIF8": "gif",
    b"BM": "bmp",
    b"II*\0": "tif",
    b"MM\0*": "tif",
}
"""How files of the formats that images are stored in begin, and how their names end."""


class ImageFiles:
    """Images below ``images/<first two digits>/<SHA-256>.<kind>`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, sample: Sample) -> list[str]:
        """Write the images of a sample that are not there yet.

        Returns:
            The path of each in the folder; of an image that is a reference only, the path that it is known by.

        Raises:
            DataError: an image has another SHA-256 than its sample says.
        """
        return [self._put(sample.id, image) for image in sample.images]

    def _put(self, sample_id: str, image: Image) -> str:
        if image.bytes is None:
            return known_path(image)
        relative = f"{FOLDER}/{image.sha256[:2]}/{image.sha256}.{suffix_of(image.bytes)}"
        path = self._folder / relative
        if not path.exists():
            check_hash(sample_id, image)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(image.bytes)
        return relative


def known_path(image: Image) -> str:
    """Return what an image that is not here is known by."""
    return image.path or UNKNOWN


def suffix_of(data: bytes) -> str:
    """Return the kind of an encoded image, by which its name ends: ``png``, ``jpg`` ..., else ``bin``."""
    return next((suffix for start, suffix in _SUFFIXES.items() if data.startswith(start)), "bin")


def check_hash(sample_id: str, image: Image) -> None:
    """Check that an image is the one that its sample names.

    Raises:
        DataError: its bytes have another SHA-256.
    """
    sha256 = hashlib.sha256(image.bytes or b"").hexdigest()
    if sha256 != image.sha256:
        raise DataError(
            f"an image of sample {sample_id}",
            got=f"bytes of the SHA-256 {sha256}",
            expected=image.sha256,
            do="make the store again",
        )
