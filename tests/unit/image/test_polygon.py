import numpy as np
from matplotlib.path import Path as Outline

from doctorsun.image.polygon import fill_polygon


def test_a_box_fills_its_pixels():
    inside = fill_polygon([(1, 2), (4, 2), (4, 5), (1, 5)], (6, 7))
    assert np.argwhere(inside).tolist() == [[y, x] for y in (2, 3, 4) for x in (1, 2, 3)]


def test_pixels_whose_centre_is_inside_as_another_program_finds_them():
    rng = np.random.default_rng(3)
    centres = np.stack(np.meshgrid(np.arange(30) + 0.5, np.arange(20) + 0.5), axis=-1).reshape(-1, 2)
    for _ in range(20):
        points = rng.uniform(-5, 35, (3, 2))
        expected = Outline(np.vstack([points, points[:1]]), closed=True).contains_points(centres).reshape(20, 30)
        np.testing.assert_array_equal(fill_polygon([(x, y) for x, y in points], (20, 30)), expected)


def test_even_parts_are_outside_and_a_line_has_none():
    outer: list[tuple[float, float]] = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    inner: list[tuple[float, float]] = [(3, 3), (7, 3), (7, 7), (3, 7), (3, 3)]
    inside = fill_polygon([*outer, *inner], (10, 10))
    assert inside.sum() == 100 - 16
    assert not fill_polygon([(1, 1), (8, 8)], (10, 10)).any()
