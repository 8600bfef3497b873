"""Fingerprints of pictures: 256 bits that stay nearly the same when a picture is resized or encoded again."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy.fft import dctn

from doctorsun.image.raster import decode

FINGERPRINT_BYTES = 32
NEAR_BITS = 24
"""Two fingerprints that differ in more of their 256 bits are of different pictures."""

_SIDE_PX = 64
_LOW = 16
_ALIKE = 0.985
_CHUNK = 256


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
    low = np.asarray(dctn(small_grey_of(picture), norm="ortho"))[:_LOW, :_LOW]
    return np.packbits(low > np.median(low)).tobytes()


def pixel_sha256(picture: PIL.Image.Image) -> str:
    """Return the SHA-256 of a decoded picture's size and pixels; grey is the same in one channel and in three."""
    pixels = np.asarray(picture)
    if pixels.shape[2:] and (pixels[..., :1] == pixels).all():
        pixels = np.ascontiguousarray(pixels[..., 0])
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def small_grey(data: bytes) -> NDArray[np.float32]:
    """Return a picture in grey, [64, 64], 0 to 255, whatever its shape.

    Raises:
        ImageError: the picture cannot be decoded.
    """
    return small_grey_of(decode(data))


def small_grey_of(picture: PIL.Image.Image) -> NDArray[np.float32]:
    """Return a decoded picture in grey, [64, 64], 0 to 255, whatever its shape."""
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), PIL.Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(grey, dtype=np.float32)


def is_same_picture(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Say whether two small grey pictures are one picture, but for brightness, contrast and encoding.

    Their pixels must correlate; a picture of one grey level is like no other.
    """
    a, b = one - one.mean(), other - other.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return norm > 0 and float((a * b).sum()) / norm >= _ALIKE


def near_pairs(ones: Sequence[bytes], others: Sequence[bytes], bits: int = NEAR_BITS) -> Iterator[tuple[int, int]]:
    """Yield the places of fingerprints that differ in at most so many bits, for each of the first the nearest first.

    Args:
        ones: few fingerprints.
        others: many.
        bits: the largest number of bits that differ.
    """
    if not ones or not others:
        return
    first, second = _words(ones), _words(others)
    for start in range(0, len(first), _CHUNK):
        chunk = first[start : start + _CHUNK]
        distance = sum(
            np.bitwise_count(chunk[:, None, word] ^ second[None, :, word]).astype(np.uint16)
            for word in range(first.shape[1])
        )
        for row, distances in enumerate(np.asarray(distance)):
            near = np.flatnonzero(distances <= bits)
            for column in near[np.argsort(distances[near], kind="stable")]:
                yield start + row, int(column)


def _words(fingerprints: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(fingerprints), dtype=np.uint64).reshape(len(fingerprints), FINGERPRINT_BYTES // 8)
