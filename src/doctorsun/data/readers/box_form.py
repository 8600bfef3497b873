"""How data sets write boxes, and boxes as they are here: x0, y0, x1, y1 in pixels, the last two exclusive."""

from typing import Literal

from doctorsun.config.section import Section
from doctorsun.image.geometry import Box


class BoxForm(Section):
    """The four numbers of a box."""

    numbers: Literal["corners", "corner_and_size", "center_and_size"] = "corners"
    """``x0 y0 x1 y1``, or upper left corner and width and height, or centre and width and height."""
    unit: Literal["pixel", "share"] = "pixel"
    """Pixels, or shares of the picture's width and height."""
    first_pixel: Literal[0, 1] = 0
    """The number of the first column and row."""
    last: Literal["exclusive", "inclusive"] = "exclusive"
    """Whether the second corner is behind the last pixel, or is the last pixel."""


def box_from(numbers: tuple[float, float, float, float], form: BoxForm, size: tuple[int, int]) -> Box:
    """Return a box from its four numbers, in a picture of (height, width)."""
    height, width = size
    a, b, c, d = numbers
    if form.unit == "share":
        a, b, c, d = a * width, b * height, c * width, d * height
    if form.numbers == "corner_and_size":
        c, d = a + c, b + d
    elif form.numbers == "center_and_size":
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    extra = 1 if form.numbers == "corners" and form.last == "inclusive" else 0
    return a - form.first_pixel, b - form.first_pixel, c - form.first_pixel + extra, d - form.first_pixel + extra
