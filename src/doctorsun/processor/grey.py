"""Grey pictures in one channel: resized to the very pixels that three equal channels give, in a third of the time."""

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image as PillowImage
from PIL import ImageChops

BICUBIC = PillowImage.Resampling.BICUBIC
_SUPPORT = 2.0
_FIXED_POINT = float(1 << 22)

Colour = tuple[int, int, int]


def one_channel_if_grey(picture: PillowImage.Image) -> PillowImage.Image:
    """Return a colour picture whose three channels are equal as one channel, any other as it is."""
    if picture.mode != "RGB":
        return picture
    red, green, blue = picture.split()
    is_grey = all(ImageChops.difference(red, other).getbbox() is None for other in (green, blue))
    return red if is_grey else picture


def resized_on_square(grey: PillowImage.Image, size: int, background: Colour) -> PillowImage.Image:
    """Return a picture of one channel in the middle of a coloured square, resized as the whole square would be.

    Pillow resizes along the rows, rounds, and then resizes along the columns. Along the rows the channels differ only
    where the background is near, so that one channel serves all three.

    Args:
        grey: mode L.
        size: of the square that is wanted.
        background: around the picture.
    """
    side = max(grey.size)
    left, top = (side - grey.width) // 2, (side - grey.height) // 2
    if grey.width == side:
        narrow = PillowImage.new("RGB", (size, side), background)
        narrow.paste(grey.resize((size, grey.height), BICUBIC).convert("RGB"), (0, top))
    else:
        square = PillowImage.new("L", (side, side), background[0])
        square.paste(grey, (left, 0))
        narrow = _recoloured(square, size, (left, left + grey.width), background)
    return narrow.resize((size, size), BICUBIC)


def _recoloured(
    square: PillowImage.Image, size: int, content: tuple[int, int], background: Colour
) -> PillowImage.Image:
    """Resize the rows of a square whose columns outside ``content`` are background, and colour what these reach."""
    rows = np.asarray(square.resize((size, square.height), BICUBIC))
    channels = np.repeat(rows[:, :, None], 3, axis=2)
    starts, stops = _reach(np.arange(size), square.width, size)
    channels[:, (stops <= content[0]) | (starts >= content[1])] = background
    for edge in content:
        columns = np.flatnonzero((starts < edge) & (stops > edge) & (stops > content[0]) & (starts < content[1]))
        if columns.size:
            channels[:, columns] = _edge(square, size, columns, content, background)
    return PillowImage.fromarray(channels)


def _edge(
    square: PillowImage.Image,
    size: int,
    columns: Int[np.ndarray, " columns"],
    content: tuple[int, int],
    background: Colour,
) -> UInt8[np.ndarray, "rows columns 3"]:
    """Resize the rows of a square for a few neighbouring columns that reach across the edge of its content."""
    starts, stops = _reach(columns, square.width, size)
    pixels = np.arange(starts[0], stops[-1])
    weights = _weights(pixels, columns, square.width, size)
    values = np.asarray(square.crop((int(starts[0]), 0, int(stops[-1]), square.height)), dtype=np.float64)
    is_content = (pixels >= content[0]) & (pixels < content[1])
    sums = values[:, is_content] @ weights[is_content]
    return _rounded(sums[:, :, None] + weights[~is_content].sum(axis=0)[:, None] * np.asarray(background))


def _reach(
    columns: Int[np.ndarray, " columns"], in_size: int, out_size: int
) -> tuple[Int[np.ndarray, " columns"], Int[np.ndarray, " columns"]]:
    """Return the first pixel that each output pixel sees, and the end."""
    scale = in_size / out_size
    centres, support = (columns + 0.5) * scale, _SUPPORT * max(scale, 1.0)
    starts, stops = np.trunc(centres - support + 0.5), np.trunc(centres + support + 0.5)
    return np.maximum(starts, 0).astype(np.int64), np.minimum(stops, in_size).astype(np.int64)


def _weights(
    pixels: Int[np.ndarray, " pixels"], columns: Int[np.ndarray, " columns"], in_size: int, out_size: int
) -> Float[np.ndarray, "pixels columns"]:
    """Return what each pixel weighs in each output pixel, in units of 1 / 2^22; sums of these are exact.

    Source: Pillow's Resample.c (precompute_coeffs, normalize_coeffs_8bpc).
    """
    scale = in_size / out_size
    starts, stops = _reach(columns, in_size, out_size)
    weights = _bicubic((pixels[:, None] - (columns + 0.5) * scale + 0.5) * (1.0 / max(scale, 1.0)))
    weights = np.where((pixels[:, None] >= starts) & (pixels[:, None] < stops), weights, 0.0)
    weights = weights / np.cumsum(weights, axis=0)[-1]
    return np.trunc(weights * _FIXED_POINT + np.where(weights < 0, -0.5, 0.5))


def _bicubic(distances: Float[np.ndarray, "pixels columns"]) -> Float[np.ndarray, "pixels columns"]:
    """Return the cubic convolution kernel of a = -0.5 (Keys 1981, doi:10.1109/TASSP.1981.1163711)."""
    x, a = np.abs(distances), -0.5
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < _SUPPORT, far, 0.0))


def _rounded(sums: Float[np.ndarray, "rows columns 3"]) -> UInt8[np.ndarray, "rows columns 3"]:
    return np.clip(np.floor((sums + _FIXED_POINT / 2) / _FIXED_POINT), 0, 255).astype(np.uint8)
