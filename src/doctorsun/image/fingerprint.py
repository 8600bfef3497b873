"""Fingerprints of pictures: 256 bits that stay nearly the same when a picture is resized or encoded again."""

import hashlib

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy.fft import dctn

from doctorsun.image.raster import decode

FINGERPRINT_BYTES = 32
NEAR_BITS = 24
"""Two fingerprints that differ in more of their 256 bits are of different pictures."""

Views = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""A picture in grey, its part within the border, and the square in the middle of that: [64, 64] each."""

_SIDE_PX = 64
_LOW = 16
_TRIM_PX = 128  # borders are looked for on about so many pixels
_TRIM_LEVELS = 20  # grey values that a border may differ from the edge, as it does in a JPEG
_TRIM_SHARE = 0.02  # of a row or column of the border may be a mark


def fingerprint(data: bytes) -> bytes:
    """Return the perceptual hash of an encoded picture: 32 bytes.

    The picture becomes grey and 64 pixels wide and high; each bit says whether one of the 16 x 16 lowest
    frequencies of its cosine transform is above their median. 64 bits, as usual elsewhere, cannot tell neighbouring
    slices of a scan apart.

    Raises:
        ImageError: the picture cannot be decoded.

    Source:
        Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions (DCT hash).
    """
    return fingerprint_of(decode(data))


def fingerprint_of(picture: PIL.Image.Image) -> bytes:
    """Return the perceptual hash of a decoded picture: 32 bytes."""
    return fingerprint_of_grey(small_grey_of(picture))


def pixel_sha256(picture: PIL.Image.Image) -> str:
    """Return the SHA-256 of a decoded picture's size and pixels; grey is the same in one channel and in three."""
    pixels = np.asarray(picture)
    if pixels.shape[2:] and _is_grey(pixels[::16, ::16]) and _is_grey(pixels):  # few pixels tell most colour pictures
        pixels = np.ascontiguousarray(pixels[..., 0])
    digest = hashlib.sha256(str(pixels.shape).encode())
    digest.update(pixels.data)
    return digest.hexdigest()


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels[..., :1] == pixels).all())


def inner_fingerprints(picture: PIL.Image.Image) -> tuple[bytes, bytes]:
    """Return the fingerprints of a picture without its border, and of the square in the middle of that.

    Copies are often padded to a square, cut to the square in their middle, or freed of a black border: none of which
    leaves the fingerprint of the whole near.
    """
    _, trimmed, square = (fingerprint_of_grey(small) for small in small_views(picture))
    return trimmed, square


def small_grey(data: bytes) -> NDArray[np.float32]:
    """Return a picture in grey, [64, 64], 0 to 255, whatever its shape.

    Raises:
        ImageError: the picture cannot be decoded.
    """
    return small_grey_of(decode(data))


def small_views(picture: PIL.Image.Image) -> Views:
    """Return a decoded picture in grey, its part within the border, and the square in the middle of that: [64, 64]."""
    grey = picture.convert("L")
    box = _without_border(grey)
    side = min(box[2] - box[0], box[3] - box[1])
    left, top = (box[0] + box[2] - side) // 2, (box[1] + box[3] - side) // 2
    whole = small_grey_of(grey)
    trimmed = whole if box == (0, 0, *grey.size) else small_grey_of(grey.crop(box))
    square = (left, top, left + side, top + side)
    return whole, trimmed, trimmed if square == box else small_grey_of(grey.crop(square))


def fingerprint_of_grey(small: NDArray[np.float32]) -> bytes:
    """Return the perceptual hash of a small grey picture, [64, 64]: 32 bytes."""
    low = np.asarray(dctn(small, norm="ortho"))[:_LOW, :_LOW]
    return np.packbits(low > np.median(low)).tobytes()


def small_grey_of(picture: PIL.Image.Image) -> NDArray[np.float32]:
    """Return a decoded picture in grey, [64, 64], 0 to 255, whatever its shape."""
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), PIL.Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(grey, dtype=np.float32)


def _without_border(grey: PIL.Image.Image) -> tuple[int, int, int, int]:
    """Return the box of a grey picture outside of which nearly all pixels are as its edge; all of it where none is."""
    factor = max(1, min(grey.size) // _TRIM_PX)
    pixels = np.asarray(grey.reduce(factor), dtype=np.int16)
    edge = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]))
    is_content = np.abs(pixels - edge) > _TRIM_LEVELS
    rows, columns = (np.flatnonzero(is_content.mean(axis) > _TRIM_SHARE) for axis in (1, 0))
    if min(len(rows), len(columns)) < _TRIM_PX // 8:
        return (0, 0, *grey.size)
    right, bottom = min(grey.width, (columns[-1] + 1) * factor), min(grey.height, (rows[-1] + 1) * factor)
    return int(columns[0] * factor), int(rows[0] * factor), int(right), int(bottom)
