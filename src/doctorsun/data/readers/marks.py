"""Marks from masks and boxes: separate objects, and boxes cut to their picture."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.readers.record import Mark
from doctorsun.image.geometry import Box, box_of_mask

Objects = Literal["components", "one", "values"]
_TOUCHING = np.ones((3, 3), dtype=np.bool_)  # pixels that meet at a corner belong together


def marks_of_mask(mask: NDArray[np.integer], label: str, objects: Objects, min_pixels: int = 1) -> list[Mark]:
    """Return what a mask of one label shows.

    Args:
        mask: ``[height, width]``; 0 is not marked.
        label: of all of it.
        objects: components: pixels that touch are an object; one: all are one; values: each value is an object.
        min_pixels: smaller objects are left out.
    """
    if objects == "one":
        numbers = np.asarray(mask > 0, dtype=np.int64)
    elif objects == "values":
        numbers = mask
    else:
        numbers = _components(mask > 0)
    found = (np.asarray(numbers == number) for number in np.unique(numbers[numbers > 0]))
    return [
        Mark(label=label, box_px=box_of_mask(each), mask=each)
        for each in found
        if np.count_nonzero(each) >= max(min_pixels, 1)
    ]


def cut_to_picture(box: Box, size: tuple[int, int]) -> Box | None:
    """Return the part of a box that lies in a picture of (height, width), or None where there is none."""
    height, width = size
    x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(width)), min(box[3], float(height))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def placed(mask: NDArray[np.bool_], corner: tuple[int, int], size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return a mask of a part as a mask of the whole picture; None where it does not fit.

    Args:
        mask: ``[part height, part width]``.
        corner: (x, y) of its upper left pixel in the picture.
        size: (height, width) of the picture.
    """
    x, y = corner
    height, width = mask.shape
    if x < 0 or y < 0 or y + height > size[0] or x + width > size[1]:
        return None
    whole = np.zeros(size, dtype=np.bool_)
    whole[y : y + height, x : x + width] = mask
    return whole


def _components(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    from scipy import ndimage

    numbers = np.empty(mask.shape, dtype=np.int32)
    ndimage.label(mask, structure=_TOUCHING, output=numbers)
    return numbers
