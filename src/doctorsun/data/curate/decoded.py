"""A decoded image, and what the steps of curation measure of it: each once, however many steps and samples ask."""

from functools import cached_property, lru_cache

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.data.leak.cut_prints import cut_fingerprints
from doctorsun.errors import ImageError
from doctorsun.image.fingerprint import Views, fingerprint_of_grey, pixel_sha256, small_views
from doctorsun.image.raster import decode


class Decoded:
    """An image of a sample.

    Args:
        picture: 8-bit grey or colour.
    """

    def __init__(self, picture: PIL.Image.Image) -> None:
        self.picture = picture

    @property
    def small_grey(self) -> NDArray[np.float32]:
        """The picture in grey, [64, 64], 0 to 255."""
        return self._views[0]

    @cached_property
    def fingerprint(self) -> bytes:
        """The perceptual hash, 32 bytes."""
        return fingerprint_of_grey(self._views[0])

    @cached_property
    def inner_fingerprints(self) -> bytes:
        """The perceptual hashes without the border, and of the square in the middle of that: 64 bytes."""
        return b"".join(fingerprint_of_grey(view) for view in self._views[1:])

    @cached_property
    def cut_fingerprints(self) -> bytes:
        """The perceptual hashes of the parts that `CUTS` leave: 32 bytes each."""
        return cut_fingerprints(self.picture)

    @cached_property
    def _views(self) -> Views:
        return small_views(self.picture)

    @cached_property
    def pixel_sha256(self) -> bytes:
        """The SHA-256 of size and pixels."""
        return bytes.fromhex(pixel_sha256(self.picture))


@lru_cache(maxsize=2)  # neighbours often ask about one image
def decoded(data: bytes | None, path: str) -> Decoded:
    """Decode an image.

    Raises:
        ImageError: it cannot be decoded, or is not here.
    """
    if data is None:
        got, do = "a reference without bytes", "import it again with its images"
        raise ImageError(f"image {path}", got=got, expected="the image itself", do=do)
    return Decoded(decode(data))
