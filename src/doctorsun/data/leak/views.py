"""Views of a picture whose fingerprints are compared: a copy is often padded, freed of its border or cropped."""

from collections.abc import Sequence

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.image.fingerprint import FINGERPRINT_BYTES, fingerprint_of_grey, small_grey_of, small_views

NUM_VIEWS = 3
"""The whole picture, the same without its border, and the square in the middle of that."""
_MARGINS = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2)
_STRIPS = (0.025, 0.05, 0.075, 0.1)
CUTS = (
    *((share, share, share, share) for share in _MARGINS),
    *(tuple(share if side == place else 0.0 for place in range(4)) for share in _STRIPS for side in range(4)),
)
"""What is cut off left, top, right and bottom of a picture, in shares of its sides: copies are often cropped, on all
sides or, to be rid of a line of text, on one. A fingerprint stays near while a cut is a hundredth off."""
_LEAST_BITS_SET = 64  # half of the 256 are set by construction, but in a view of one grey level

Grey = NDArray[np.float32]


def views_of(picture: PIL.Image.Image) -> tuple[Grey, ...]:
    """Return the views of any picture, [64, 64] each."""
    return small_views(picture)


def tested_views(picture: PIL.Image.Image) -> tuple[Grey, ...]:
    """Return the views of a test's picture: those of any picture, and parts of it."""
    grey = picture.convert("L")
    return (*small_views(grey), *(small_grey_of(_cut(grey, *shares)) for shares in CUTS))


def fingerprints_of(views: Sequence[Grey]) -> bytes:
    """Return the fingerprints of views, one after the other."""
    return b"".join(fingerprint_of_grey(view) for view in views)


def telling_views(prints: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return picture and number of the views that differ from the picture's earlier ones, and show something.

    Args:
        prints: [pictures, views, 32].
    """
    is_new = np.bitwise_count(prints).sum(axis=2, dtype=np.int64) >= _LEAST_BITS_SET
    for view in range(1, prints.shape[1]):
        for earlier in range(view):
            is_new[:, view] &= (prints[:, view] != prints[:, earlier]).any(axis=1)
    pictures, views = np.nonzero(is_new)
    return pictures, views


def stacked(prints: Sequence[bytes], num_views: int) -> NDArray[np.uint8]:
    """Return fingerprints of pictures as an array, [pictures, views, 32]."""
    return np.frombuffer(b"".join(prints), dtype=np.uint8).reshape(len(prints), num_views, FINGERPRINT_BYTES)


def bits_apart(one: bytes, other: bytes) -> int | None:
    """Return in how many of 256 bits two pictures differ, in the view where they differ least; None of an unseen one.

    Args:
        one: fingerprints of its views.
        other: of the other's; further views are not compared.
    """
    if not one or not other:
        return None
    num = min(len(one), len(other))
    apart = np.frombuffer(one[:num], dtype=np.uint8) ^ np.frombuffer(other[:num], dtype=np.uint8)
    return int(np.bitwise_count(apart).reshape(-1, FINGERPRINT_BYTES).sum(axis=1, dtype=np.int64).min())


def _cut(grey: PIL.Image.Image, left: float, top: float, right: float, bottom: float) -> PIL.Image.Image:
    width, height = grey.size
    return grey.crop(
        (round(width * left), round(height * top), width - round(width * right), height - round(height * bottom))
    )
