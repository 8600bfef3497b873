"""Drawings show what they say."""

from collections import Counter

import numpy as np

from doctorsun.data.phantom.canvas import SIZE_PX
from doctorsun.data.phantom.shapes import COLOURS, POSITIONS, draw
from doctorsun.image.geometry import box_center

DRAWINGS = [draw(np.random.default_rng((4, k))) for k in range(200)]


def test_kinds_are_mixed():
    kinds = Counter("digit" if d.digit is not None else len(d.shapes) for d in DRAWINGS)
    assert set(kinds) == {"digit", 1, 2, 3, 4}
    assert {d.digit for d in DRAWINGS if d.digit is not None} == set(range(10))


def test_a_lone_shape_lies_where_it_says():
    seen = set()
    for drawing in DRAWINGS:
        if drawing.position:
            x, y = (value / SIZE_PX - 0.5 for value in box_center(drawing.shapes[0].box_px))
            away = {"left": -x, "right": x, "top": -y, "bottom": y}
            assert max(away, key=lambda name: away[name]) == drawing.position
            seen.add(drawing.position)
    assert seen == set(POSITIONS)


def test_shapes_have_the_colour_they_say():
    for drawing in DRAWINGS:
        for shape in drawing.shapes:
            x, y = (int(value) for value in box_center(shape.box_px))
            pixel = drawing.pixels[y, x] / 255
            nearest = min(COLOURS, key=lambda name: np.abs(pixel - np.array(COLOURS[name])).sum())
            assert nearest == shape.colour


def test_shapes_do_not_overlap():
    for drawing in DRAWINGS:
        for i, one in enumerate(drawing.shapes):
            for other in drawing.shapes[i + 1 :]:
                a, b = one.box_px, other.box_px
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_drawings_are_rgb():
    assert DRAWINGS[0].pixels.shape == (SIZE_PX, SIZE_PX, 3)
    assert DRAWINGS[0].pixels.dtype == np.uint8
