"""Drawn shapes and digits: the general domain, in terms of the image (left is the image's left)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.phantom.canvas import (
    SIZE_PX,
    Array,
    Frame,
    coin,
    ellipse,
    make_frame,
    paint,
    ramp,
    rgb_pixels,
    smooth_noise,
    white_noise,
)
from doctorsun.image.geometry import Box, box_of_mask

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.12, 0.12),
    "green": (0.10, 0.65, 0.20),
    "blue": (0.15, 0.25, 0.90),
    "yellow": (0.95, 0.85, 0.10),
}
SHAPES = ("circle", "square", "triangle")
POSITIONS = ("left", "right", "top", "bottom")
MAX_SHAPES = 4
_DIGITS = (
    "01110100011000110001100011000101110",
    "00100011000010000100001000010001110",
    "01110100010000100110010001000011111",
    "11110000010000101110000010000111110",
    "00010001100101010010111110001000010",
    "11111100001111000001000011000101110",
    "01110100001000011110100011000101110",
    "11111000010001000100010000100001000",
    "01110100011000101110100011000101110",
    "01110100011000101111000010000101110",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnShape:
    """One shape, by name and colour, with its box in pixels."""

    shape: str
    colour: str
    box_px: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawing: either shapes, or one digit (then ``digit`` is 0 to 9); ``pixels`` is [128, 128, 3].

    Attributes:
        position: where a lone shape lies: left, right, top or bottom; empty with several shapes.
    """

    pixels: NDArray[np.uint8]
    shapes: tuple[DrawnShape, ...] = ()
    digit: int | None = None
    position: str = ""


def draw(rng: np.random.Generator) -> Drawing:
    """Draw one digit (a quarter of the time), one shape away from the middle, or two to four shapes."""
    frame = make_frame(rng, 2.0)
    light = coin(rng)
    ground = np.float32(rng.uniform(0.82, 1) if light else rng.uniform(0, 0.18))
    picture = np.full((3, SIZE_PX, SIZE_PX), ground, dtype=np.float32)
    kind = rng.random()
    if kind < 0.25:  # noqa: PLR2004 (a quarter)
        digit = int(rng.integers(10))
        paint(picture, _digit_cover(rng, digit), (0.1, 0.1, 0.1) if light else (0.9, 0.9, 0.9))
        return Drawing(pixels=_finish(rng, picture), digit=digit)
    if kind < 0.55:  # noqa: PLR2004 (a third of the rest and a little)
        position = POSITIONS[rng.integers(4)]
        drawn = (_shape(rng, frame, picture, _off_middle(rng, position)),)
        return Drawing(pixels=_finish(rng, picture), shapes=drawn, position=position)
    cells = rng.permutation(9)[: rng.integers(2, MAX_SHAPES + 1)]
    drawn = tuple(
        _shape(rng, frame, picture, (float(cell % 3 - 1) * 0.62, float(cell // 3 - 1) * 0.62)) for cell in cells
    )
    return Drawing(pixels=_finish(rng, picture), shapes=drawn)


def _off_middle(rng: np.random.Generator, position: str) -> tuple[float, float]:
    """Return a centre that lies clearly to one side of the image."""
    far, near = float(rng.uniform(0.45, 0.68)), float(rng.uniform(-0.2, 0.2))
    return {"left": (-far, near), "right": (far, near), "top": (near, -far), "bottom": (near, far)}[position]


def _shape(rng: np.random.Generator, frame: Frame, picture: Array, center: tuple[float, float]) -> DrawnShape:
    """Paint a random shape in a random colour."""
    shape, colour = SHAPES[rng.integers(len(SHAPES))], tuple(COLOURS)[rng.integers(len(COLOURS))]
    cover = _cover(frame, shape, center, float(rng.uniform(0.2, 0.27)))
    strength = float(rng.uniform(0.85, 1.1))
    red, green, blue = COLOURS[colour]
    paint(picture, cover, (red * strength, green * strength, blue * strength))
    return DrawnShape(shape=shape, colour=colour, box_px=box_of_mask(cover > 0.5))  # noqa: PLR2004 (half a pixel)


def _cover(frame: Frame, shape: str, center: tuple[float, float], radius: float) -> Array:
    """Return the cover of a shape."""
    if shape == "circle":
        return ellipse(frame, center, (radius, radius))
    x, y = frame.x - np.float32(center[0]), frame.y - np.float32(center[1])
    if shape == "square":
        outside = np.maximum(np.abs(x), np.abs(y)) - np.float32(0.9 * radius)
    else:
        outside = np.maximum(
            y - np.float32(0.75 * radius), np.abs(x) * np.float32(0.87) - y * np.float32(0.5) - np.float32(0.6 * radius)
        )
    return ramp(-outside / np.float32(frame.spacing))


def _digit_cover(rng: np.random.Generator, digit: int) -> Array:
    """Return the cover of a digit from a 5 by 7 raster, at a random size and place."""
    scale = int(rng.integers(9, 14))
    raster = np.array([int(bit) for bit in _DIGITS[digit]], dtype=np.float32).reshape(7, 5)
    large = np.kron(raster, np.ones((scale, scale), dtype=np.float32))
    cover = np.zeros((SIZE_PX, SIZE_PX), dtype=np.float32)
    top, left = (int(rng.integers(4, SIZE_PX - side - 4)) for side in large.shape)
    cover[top : top + large.shape[0], left : left + large.shape[1]] = large
    return cover


def _finish(rng: np.random.Generator, picture: Array) -> NDArray[np.uint8]:
    """Add uneven light and noise."""
    noise = smooth_noise(rng, 4) * np.float32(0.03) + white_noise(rng) * np.float32(rng.uniform(0.005, 0.03))
    return rgb_pixels(picture + noise)
