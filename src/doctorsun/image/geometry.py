"""Geometry of masks and boxes; boxes are (x0, y0, x1, y1) in pixels, x1 and y1 exclusive."""

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError

Box = tuple[float, float, float, float]


def box_of_mask(mask: NDArray[np.bool_]) -> Box:
    """Return the smallest box that holds every true pixel of a mask [height, width].

    Raises:
        ImageError: the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        raise ImageError(
            "object mask", got="no true pixel", expected="at least one", do="remove the object or correct its mask"
        )
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def box_center(box: Box) -> tuple[float, float]:
    """Return the centre (x, y) of a box in pixels."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def overlap_share(inner: Box, outer: Box) -> float:
    """Return which share of the area of ``inner`` lies within ``outer``, in [0, 1]."""
    width = min(inner[2], outer[2]) - max(inner[0], outer[0])
    height = min(inner[3], outer[3]) - max(inner[1], outer[1])
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return max(width, 0.0) * max(height, 0.0) / area if area > 0 else 0.0


def long_side_mm(box: Box, spacing_mm: tuple[float, float]) -> float:
    """Return the longer side of a box in millimetres; ``spacing_mm`` is (row, column) as in DICOM."""
    return max((box[3] - box[1]) * spacing_mm[0], (box[2] - box[0]) * spacing_mm[1])
