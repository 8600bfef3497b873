"""How much of a picture shows something, and is not background."""

import numpy as np
from numpy.typing import NDArray

_BIN_LEVELS = 4
_LEAST_DIFFERENCE = 8  # levels of 256: noise of air in CT and MR, and JPEG's own, stays below once it is averaged


def content_share(grey: NDArray[np.float32]) -> float:
    """Return the share of pixels that differ from the background, the grey level that most pixels have.

    Args:
        grey: as of `small_grey_of`, which averages noise out, or a part of it; any shape.
    """
    fullest = np.bincount((grey.ravel() // _BIN_LEVELS).astype(np.intp)).argmax()
    background = fullest * _BIN_LEVELS + (_BIN_LEVELS - 1) / 2  # the middle of its whole levels
    return float((np.abs(grey - background) > _LEAST_DIFFERENCE).mean())
