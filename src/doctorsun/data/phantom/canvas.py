"""Canvas: the drawing tools of the phantoms, in millimetres of the body, on arrays [128, 128]."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.convert.annotation import AnnotatedObject
from doctorsun.image.geometry import box_of_mask
from doctorsun.image.intensity import to_uint8

SIZE_PX = 128
Array = NDArray[np.floating]

_ROW = np.arange(SIZE_PX, dtype=np.float32) - (SIZE_PX - 1) / 2
_GRID_X, _GRID_Y = np.meshgrid(_ROW, _ROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Body coordinates of every pixel: x to the image's right, y down, in the unit of ``spacing`` per pixel.

    On frontal radiographs and on axial and coronal slices the image's right is the patient's left.
    """

    x: Array
    y: Array
    spacing: float


def make_frame(
    rng: np.random.Generator, field: float, *, shift: float = 0.0, turn_deg: float = 0.0, zoom: float = 0.0
) -> Frame:
    """Place the body in the field of view with random shift, rotation and scale.

    Args:
        rng: source of randomness.
        field: width of the field of view, in millimetres (micrometres for microscopy).
        shift: largest displacement along each axis, in the same unit.
        turn_deg: largest rotation to either side, in degrees.
        zoom: largest relative deviation of the body size.
    """
    spacing = field / SIZE_PX
    angle = np.deg2rad(rng.uniform(-turn_deg, turn_deg))
    scale = 1 + rng.uniform(-zoom, zoom)
    dx, dy = float(rng.uniform(-shift, shift)), float(rng.uniform(-shift, shift))
    x, y = _GRID_X * spacing - dx, _GRID_Y * spacing - dy
    cos, sin = np.float32(np.cos(angle) / scale), np.float32(np.sin(angle) / scale)
    return Frame(x=x * cos + y * sin, y=y * cos - x * sin, spacing=spacing)


def ellipse(
    frame: Frame, center: tuple[float, float], radii: tuple[float, float], *, angle_deg: float = 0.0, soft: float = 0.0
) -> Array:
    """Return how much of each pixel an ellipse covers, in [0, 1]; ``soft`` is the width of its edge (0: a pixel)."""
    x, y = frame.x - np.float32(center[0]), frame.y - np.float32(center[1])
    if angle_deg:
        cos, sin = np.float32(np.cos(np.deg2rad(angle_deg))), np.float32(np.sin(np.deg2rad(angle_deg)))
        x, y = x * cos + y * sin, y * cos - x * sin
    distance = length(x * np.float32(1 / radii[0]), y * np.float32(1 / radii[1]))
    return ramp((1 - distance) * np.float32(min(radii) / max(soft, frame.spacing)))


def length(x: Array, y: Array) -> Array:
    """Return the length of the vectors (x, y); several times faster than ``np.hypot``."""
    return np.sqrt(x * x + y * y)


def ramp(values: Array) -> Array:
    """Return a soft step: 0 below -0.5, 1 above 0.5, linear between."""
    return np.clip(values + np.float32(0.5), 0, 1)


@cache
def _upsampling(cells: int) -> Array:
    """Return the matrix [128, cells] of cubic-like interpolation from a coarse row of cells."""
    position = np.linspace(0, cells - 1, SIZE_PX)
    distance = np.abs(position[:, None] - np.arange(cells)[None])
    weight = np.exp(-0.5 * (distance / 0.6) ** 2)
    weight[weight < 1e-4] = 0  # noqa: PLR2004 (denormal numbers would make the products slow)
    return (weight / np.sqrt((weight**2).sum(axis=1, keepdims=True))).astype(np.float32)


def smooth_noise(rng: np.random.Generator, cells_y: int, cells_x: int | None = None) -> Array:
    """Return smooth Gaussian noise of unit variance with about this many independent cells along each axis."""
    cells_x = cells_x or cells_y
    coarse = rng.standard_normal((cells_y, cells_x), dtype=np.float32)
    return _upsampling(cells_y) @ coarse @ _upsampling(cells_x).T


def white_noise(rng: np.random.Generator) -> Array:
    """Return independent Gaussian noise of unit variance, in 256 levels of equal probability."""
    levels = np.frombuffer(rng.bytes(SIZE_PX * SIZE_PX), dtype=np.uint8)
    return _gaussian_levels()[levels].reshape(SIZE_PX, SIZE_PX)


@cache
def _gaussian_levels() -> Array:
    """Return the 256 quantiles of the normal distribution at the middles of equal shares."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((level + 0.5) / 256) for level in range(256)], dtype=np.float32)


def mark(label: str, cover: Array) -> AnnotatedObject:
    """Return the object whose mask is every pixel that is at least half covered."""
    mask = cover > 0.5  # noqa: PLR2004 (half a pixel)
    return AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask)


def pick_point(rng: np.random.Generator, frame: Frame, allowed: Sequence[NDArray[np.bool_]]) -> tuple[float, float]:
    """Return the body coordinates of a random pixel of the first mask that has any."""
    candidates = next(found for mask in allowed if (found := np.flatnonzero(mask)).size)
    index = int(candidates[rng.integers(candidates.size)])
    return float(frame.x.flat[index]), float(frame.y.flat[index])


def away_from_edges(allowed: NDArray[np.bool_], reach_mm: float, spacing: float) -> NDArray[np.bool_]:
    """Return the allowed pixels whose surroundings, out to a diamond of this reach, are allowed as well."""
    reach = max(1, int(np.ceil(reach_mm / spacing)))
    diagonal = max(1, int(np.ceil(0.71 * reach_mm / spacing)))
    clear = allowed.copy()
    for shift in (-reach, reach):
        clear &= np.roll(allowed, shift, axis=0) & np.roll(allowed, shift, axis=1)
    for down in (-diagonal, diagonal):
        for right in (-diagonal, diagonal):
            clear &= np.roll(allowed, (down, right), axis=(0, 1))
    return clear


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Many small bent ellipses, one per row: centres [n, 2] and radii [n, 2] in pixels, angles [n] in radians.

    Attributes:
        bend: how far the ends lie off the long axis, in units of its radius; [n].
    """

    centers: Array
    radii: Array
    angles: Array
    bend: Array


def cells_cover(cells: Cells, reach_px: int) -> tuple[Array, Array]:
    """Return the cover of all cells, and of each pixel the relative distance from the nearest cell's centre.

    ``reach_px`` bounds the radius of every cell.
    """
    offsets = np.arange(-reach_px, reach_px + 1)
    rows = np.rint(cells.centers[:, 1]).astype(np.int64)[:, None, None] + offsets[None, :, None]
    columns = np.rint(cells.centers[:, 0]).astype(np.int64)[:, None, None] + offsets[None, None, :]
    dx = (columns - cells.centers[:, 0, None, None]).astype(np.float32)
    dy = (rows - cells.centers[:, 1, None, None]).astype(np.float32)
    cos, sin = np.cos(cells.angles)[:, None, None], np.sin(cells.angles)[:, None, None]
    along = (dx * cos + dy * sin) / cells.radii[:, 0, None, None]
    across = (dy * cos - dx * sin) / cells.radii[:, 1, None, None]
    ratio = (cells.radii[:, 0] / cells.radii[:, 1] * cells.bend)[:, None, None]
    distance = length(along, across - ratio * (along**2 - np.float32(0.35)))
    inside = (rows >= 0) & (rows < SIZE_PX) & (columns >= 0) & (columns < SIZE_PX)
    nearest = np.full((SIZE_PX, SIZE_PX), 9, dtype=np.float32)
    index = np.broadcast_to(rows * SIZE_PX + columns, distance.shape)[inside]
    np.minimum.at(nearest.reshape(-1), index, distance[inside].astype(np.float32))
    return ramp((1 - nearest) * np.float32(cells.radii[:, 1].min())), nearest


def scattered(rng: np.random.Generator, number: int, cells: int, jitter: float) -> Array:
    """Return ``number`` points [number, 2] in pixels, each in its own cell of a jittered grid, so that none overlap."""
    chosen = rng.permutation(cells * cells)[:number]
    pitch = SIZE_PX / cells
    corner = np.stack([chosen % cells, chosen // cells], axis=1) + 0.5
    return ((corner + rng.uniform(-jitter, jitter, (len(chosen), 2))) * pitch - 0.5).astype(np.float32)


def paint(picture: Array, cover: Array, colour: tuple[float, float, float]) -> None:
    """Lay a colour over an RGB picture [3, 128, 128] where the cover says so."""
    for index, value in enumerate(colour):
        picture[index] += cover * (np.float32(value) - picture[index])


def tinted(shade: Array, tone: Sequence[float]) -> Array:
    """Return a shade [128, 128] in a colour, as an RGB picture [3, 128, 128]."""
    return np.stack([shade * np.float32(value) for value in tone])


def rgb_pixels(picture: Array) -> NDArray[np.uint8]:
    """Return display shares [3, 128, 128] as pixels [128, 128, 3]."""
    return np.ascontiguousarray(to_uint8(picture).transpose(1, 2, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How bright and how contrasty a modality's images are: mean and standard deviation of each channel.

    ``brighter`` is the largest random change of the mean that all channels share.
    """

    mean: tuple[float, ...]
    contrast: tuple[float, ...]
    brighter: float = 0.12


def expose(
    rng: np.random.Generator, picture: Array, exposure: Exposure, area: NDArray[np.bool_] | None = None
) -> Array:
    """Set each channel of a picture [channels, 128, 128] to a random brightness and contrast.

    Automatic exposure, white balance, staining and reading settings do the same in practice; brightness and contrast
    of the whole image (or of the ``area``) then tell nothing about disease.
    """
    shift, strength = float(rng.uniform(-exposure.brighter, exposure.brighter)), float(rng.uniform(0.72, 1.28))
    exposed = np.empty_like(picture)
    for index, (mean, contrast) in enumerate(zip(exposure.mean, exposure.contrast, strict=True)):
        seen = picture[index] if area is None else picture[index][area]
        factor = contrast * strength * float(rng.uniform(0.82, 1.18)) / max(float(seen.std()), 1e-6)
        target = mean + shift + float(rng.uniform(-0.04, 0.04))
        exposed[index] = (picture[index] - seen.mean()) * np.float32(factor) + np.float32(target)
    return np.clip(exposed, 0, 1)


def with_gamma(share: Array, gamma: float) -> Array:
    """Return ``share ** gamma`` of display shares, clipped to [0, 1]; a table of 1024 levels makes it fast."""
    table = np.linspace(0, 1, 1024, dtype=np.float32) ** np.float32(gamma)
    return table[(np.clip(share, 0, 1) * np.float32(1023)).astype(np.int16)]


def coin(rng: np.random.Generator) -> bool:
    """Return true half of the time."""
    return bool(rng.random() < 0.5)  # noqa: PLR2004


def side_sign(side: str) -> int:
    """Return the direction of a patient side along x under the radiological convention: left is +1."""
    return 1 if side == "left" else -1


def random_side(rng: np.random.Generator) -> str:
    """Return ``left`` or ``right``."""
    return "left" if coin(rng) else "right"
