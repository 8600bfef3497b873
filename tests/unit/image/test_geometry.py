"""Boxes of masks, their overlap and their size."""

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.geometry import (
    box_center,
    box_of_mask,
    long_side_mm,
    orientation_of_axes,
    overlap_share,
    plane_of_axes,
    read_orientation,
    side_at_left_edge,
)


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


@pytest.mark.parametrize(
    ("axes", "orientation", "plane"),
    [
        ([1, 0, 0, 0, 1, 0], "L\\P", "axial"),
        ([-1, 0, 0, 0, 1, 0], "R\\P", "axial"),
        ([1, 0, 0, 0, 0, -1], "L\\F", "coronal"),
        ([0, 1, 0, 0, 0, -1], "P\\F", "sagittal"),
        ([0.8, 0.6, 0, 0, 0, -1], "LP\\F", "oblique"),
        ([1, 0, 0, 0, 0.9613, -0.2756], "L\\PF", "axial"),
        ([0.995, 0.0998, 0, -0.0998, 0.995, 0], "L\\P", "axial"),
    ],
)
def test_orientation_and_plane_of_direction_cosines(axes, orientation, plane):
    assert orientation_of_axes(axes) == orientation
    assert plane_of_axes(axes) == plane


@pytest.mark.parametrize("axes", [[], [1, 0, 0], [0] * 6, [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 2, 0]])
def test_axes_that_are_none_tell_nothing(axes):
    assert orientation_of_axes(axes) == ""
    assert plane_of_axes(axes) == ""


@pytest.mark.parametrize("text", ["L\\P", "LPH\\F", "A\\FR"])
def test_letters_of_dicom_are_kept(text):
    assert read_orientation(text) == text


@pytest.mark.parametrize("text", ["", "L", "LE\\F", "l\\p", "L/P", "L\\P\\H", "LEFT\\POST"])
def test_other_letters_tell_nothing(text):
    assert read_orientation(text) == ""


def test_the_side_at_the_left_edge():
    assert side_at_left_edge("L\\F") == "right"
    assert side_at_left_edge("RA\\F") == "left"
    assert side_at_left_edge("P\\F") == ""
    assert side_at_left_edge("AL\\F") == ""
    assert side_at_left_edge("") == ""
