"""How much of a picture shows something, and is not background."""

import numpy as np
import PIL.Image
from numpy.typing import NDArray

_SIDE_PX = 64
_BIN_LEVELS = 4
_LEAST_DIFFERENCE = 8  # levels of 256: noise of air in CT and MR, and JPEG's own, stays below once it is averaged


def small_grey(picture: PIL.Image.Image) -> NDArray[np.float32]:
    """Return a picture in grey, [64, 64], 0 to 255, whatever its shape: each pixel the mean of many."""
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), PIL.Image.Resampling.BILINEAR, reducing_gap=3.0)
    return np.asarray(grey, dtype=np.float32)


def content_share(grey: NDArray[np.float32]) -> float:
    """Return the share of pixels that differ from the background, the grey level that most pixels have.

    Args:
        grey: as of `small_grey`, which averages noise out, or a part of it; any shape.
    """
    fullest = np.bincount((grey.ravel() // _BIN_LEVELS).astype(np.intp)).argmax()
    background = fullest * _BIN_LEVELS + (_BIN_LEVELS - 1) / 2  # the middle of its whole levels
    return float((np.abs(grey - background) > _LEAST_DIFFERENCE).mean())
