"""Boxes of masks, their overlap and their size."""

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.geometry import box_center, box_of_mask, long_side_mm, overlap_share


def test_box_holds_every_true_pixel_with_exclusive_ends():
    mask = np.zeros((7, 11), dtype=bool)
    mask[2, 3] = mask[5, 8] = True
    assert box_of_mask(mask) == (3, 2, 9, 6)


def test_empty_mask_is_refused():
    with pytest.raises(ImageError, match="object mask: got no true pixel, expected at least one"):
        box_of_mask(np.zeros((3, 4), dtype=bool))


def test_center():
    assert box_center((2, 4, 6, 10)) == (4, 7)


@pytest.mark.parametrize(
    ("inner", "outer", "share"),
    [((0, 0, 4, 4), (0, 0, 4, 4), 1), ((0, 0, 4, 4), (2, 0, 9, 9), 0.5), ((0, 0, 2, 2), (5, 5, 6, 6), 0),
     ((0, 0, 0, 3), (0, 0, 9, 9), 0)],
)  # fmt: skip
def test_overlap_is_a_share_of_the_first_box(inner, outer, share):
    assert overlap_share(inner, outer) == share


def test_long_side_uses_row_spacing_for_heights():
    assert long_side_mm((0, 0, 10, 4), (3.0, 1.0)) == 12
    assert long_side_mm((0, 0, 10, 4), (1.0, 3.0)) == 30
