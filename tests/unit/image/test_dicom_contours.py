"""Contours in space as masks on slices."""

import numpy as np
import pytest

from carriers.dicom_files import write_series, write_structures
from doctorsun.errors import ImageError
from doctorsun.image.dicom_contours import read_contours
from doctorsun.image.dicom_slices import slices_in, stacked

SHAPE = (3, 40, 60)
FIRST_MM, STEP_MM = (-30.0, -40.0, 100.0), 2.0  # of `write_series`
ROW_MM, COLUMN_MM = 0.5, 0.75


@pytest.fixture
def stack(tmp_path):
    paths = write_series(tmp_path / "images", np.zeros(SHAPE, dtype=int))
    return stacked([each for path in paths for each in slices_in(path)])


def place(column, row, index):
    """Return where the centre of a pixel lies."""
    return FIRST_MM[0] + column * COLUMN_MM, FIRST_MM[1] + row * ROW_MM, FIRST_MM[2] + index * STEP_MM


def rectangle(x0, y0, x1, y1, index):
    """Return the outline of pixels x0 to x1 - 1, y0 to y1 - 1."""
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return [place(column - 0.5, row - 0.5, index) for column, row in corners]


def masks(tmp_path, stack, *contours):
    write_structures(tmp_path / "rt.dcm", {"a": list(contours)})
    (roi,) = read_contours(tmp_path / "rt.dcm", stack)
    return roi.masks


def test_a_contour_holds_the_pixels_whose_centres_lie_in_it(tmp_path, stack):
    found = masks(tmp_path, stack, ("CLOSED_PLANAR", rectangle(3, 5, 9, 8, 1)))
    known = np.zeros(SHAPE[1:], dtype=bool)
    known[5:8, 3:9] = True
    assert list(found) == [1]
    assert np.array_equal(found[1], known)


def test_a_circle_has_the_area_of_a_circle(tmp_path, stack):
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    x, y, z = place(30, 20, 0)
    points = [(x + 8 * np.cos(angle), y + 8 * np.sin(angle), z) for angle in angles]
    found = masks(tmp_path, stack, ("CLOSED_PLANAR", points))
    assert np.count_nonzero(found[0]) * ROW_MM * COLUMN_MM == pytest.approx(np.pi * 64, rel=0.02)
    rows, columns = np.nonzero(found[0])
    assert (columns.mean(), rows.mean()) == pytest.approx((30, 20), abs=0.1)


@pytest.mark.parametrize(("kind", "num_pixels"), [("CLOSED_PLANAR", 100), ("CLOSEDPLANAR_XOR", 84)])
def test_only_exclusive_contours_make_holes(tmp_path, stack, kind, num_pixels):
    contours = (kind, rectangle(10, 10, 20, 20, 2)), (kind, rectangle(13, 13, 17, 17, 2))
    assert np.count_nonzero(masks(tmp_path, stack, *contours)[2]) == num_pixels


def test_points_and_open_lines_have_no_area(tmp_path, stack):
    points = rectangle(3, 5, 9, 8, 1)
    assert masks(tmp_path, stack, ("POINT", points[:1]), ("OPEN_PLANAR", points)) == {}


def test_names_and_types_are_told_and_regions_may_have_no_contour(tmp_path, stack):
    write_structures(tmp_path / "rt.dcm", {"Liver": [("CLOSED_PLANAR", rectangle(1, 1, 4, 4, 0))], "empty": []})
    found = read_contours(tmp_path / "rt.dcm", stack)
    assert [(roi.name, roi.type, list(roi.masks)) for roi in found] == [("Liver", "ORGAN", [0]), ("empty", "ORGAN", [])]


def test_a_contour_between_slices_is_refused(tmp_path, stack):
    with pytest.raises(ImageError, match=r"rt\.dcm: place of a contour: got points that lie in the plane of no image"):
        masks(tmp_path, stack, ("CLOSED_PLANAR", rectangle(3, 5, 9, 8, 0.5)))


def test_other_objects_are_refused(stack):
    with pytest.raises(ImageError, match=r"DICOM structure set: got CT, expected RTSTRUCT; name the structure sets"):
        read_contours(stack.slices[0].path, stack)
