"""Polygons as masks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fill_polygon(points: Sequence[tuple[float, float]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose centre lies in a polygon; where it crosses itself, even parts are outside.

    Args:
        points: (x, y) of its corners in pixels; the centre of the first pixel is at (0.5, 0.5).
        size: (height, width) of the picture.
    """
    height, width = size
    inside = np.zeros(size, dtype=np.bool_)
    columns = np.arange(width) + 0.5
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], *points[:1]], strict=True):
        low, high = sorted((y0, y1))
        first, last = (min(max(int(np.ceil(value - 0.5)), 0), height) for value in (low, high))
        rows = np.arange(first, last)
        if rows.size:
            crossing = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            inside[first:last] ^= columns > crossing[:, None]
    return inside
