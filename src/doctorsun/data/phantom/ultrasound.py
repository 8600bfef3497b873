"""Breast ultrasound: speckle; a cyst with posterior enhancement, a solid mass with posterior shadow."""

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.phantom.canvas import (
    SIZE_PX,
    Array,
    Exposure,
    Frame,
    coin,
    ellipse,
    expose,
    length,
    make_frame,
    mark,
    ramp,
    smooth_noise,
    white_noise,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.image.intensity import to_uint8
from doctorsun.schema import ImageFacts

FIELD_MM = 50.0
CYST_MM = (9.0, 14.0)
MASS_SMALL_MM = (10.0, 16.0)
MASS_LARGE_MM = (24.0, 28.0)
MASS_BELOW_TISSUE_DB = (19.0, 23.0)
SHADOW_DB = (9.0, 12.0)
ENHANCEMENT_DB = (8.0, 11.0)
NOISE_FLOOR_DB = -62.0
MARGIN_PX = (1, 5)
EXPOSURE = Exposure(mean=(0.42,), contrast=(0.19,), brighter=0.15)


def _tissue(rng: np.random.Generator, frame: Frame) -> Array:
    """Return the echo level of skin, fat in layers and lobules, glandular tissue and muscle, in decibels.

    Either edge of the probe may lose contact and darken.
    """
    y = frame.y + smooth_noise(rng, 4) * np.float32(0.9)
    fat_end, gland_end = rng.uniform(-17, -14), rng.uniform(14, 18)
    level = np.full_like(y, -33) + smooth_noise(rng, 10) * np.float32(2.2)
    level += ramp((y - fat_end) / 2) * np.float32(rng.uniform(2, 12)) - ramp((y - gland_end) / 2) * np.float32(
        rng.uniform(2, 18)
    )
    lobules = ramp((smooth_noise(rng, 6, 4) + np.float32(rng.uniform(-1.5, 1.2))) * 2)
    level -= lobules * np.float32(rng.uniform(2, 6))
    muscle = ramp((y - gland_end) / 2)
    level += muscle * np.sin(y * np.float32(2.1)) * np.float32(4)
    level += ramp((-22.5 - y) / 1) * np.float32(rng.uniform(-12, 18))
    for sign in (-1, 1):
        level -= ramp((sign * frame.x - float(rng.uniform(18, 23))) / 4) * np.float32(rng.uniform(0, 28))
    return level


def _shape(rng: np.random.Generator, frame: Frame, center: tuple[float, float], radius: float, *, rough: bool) -> Array:
    """Return a smooth oval, or a mass with an uneven margin whose long side stays twice the radius."""
    radii = (radius, radius * float(rng.uniform(0.72, 0.9)))
    if not rough:
        return ellipse(frame, center, radii, soft=0.5)
    x, y = (frame.x - np.float32(center[0])) / radii[0], (frame.y - np.float32(center[1])) / radii[1]
    angle = np.arctan2(y, x)
    lobes = np.float32(0.06) * np.sin(5 * angle + rng.uniform(0, 6)) + np.float32(0.05) * np.sin(
        9 * angle + rng.uniform(0, 6)
    )
    return ramp((np.float32(0.95) + lobes - length(x, y)) * np.float32(radius / 0.8))


def _behind(frame: Frame, center: tuple[float, float], radius: float) -> Array:
    """Return the strip below an object, where its through-transmission shows."""
    across = ramp((radius * 0.85 - np.abs(frame.x - np.float32(center[0]))) / 2)
    return across * ramp((frame.y - np.float32(center[1])) / 2)


def _speckle(rng: np.random.Generator, level_db: Array) -> Array:
    """Return the envelope in decibels: fully developed speckle is Rayleigh distributed.

    Source: Burckhardt, Speckle in ultrasound B-mode scans, IEEE Trans. Sonics Ultrason. 25(1), 1978.
    """
    real, imaginary = smooth_noise(rng, 100, 62), smooth_noise(rng, 100, 62)
    envelope = length(real, imaginary) * np.float32(0.7) + np.float32(0.08)
    return level_db + np.float32(20) * np.log10(envelope)


def _centers(
    rng: np.random.Generator, cyst_mm: float, mass_mm: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return centres of cyst and mass side by side in random order, wherever either is drawn or not."""
    sign = 1 if coin(rng) else -1
    gap = 2.0
    total = cyst_mm + mass_mm + gap
    slack = max(0.0, 46 - total) / 2
    start = -total / 2 + float(rng.uniform(-slack, slack))
    cyst_x, mass_x = start + cyst_mm / 2, start + cyst_mm + gap + mass_mm / 2
    cyst, mass = (sign * cyst_x, float(rng.uniform(-7, 4))), (sign * mass_x, float(rng.uniform(-4, 2)))
    return cyst, mass


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one scan; cyst and solid mass are present half of the time each, independently."""
    has_cyst, has_mass, large = coin(rng), coin(rng), coin(rng)
    cyst_mm = float(rng.uniform(*CYST_MM))
    mass_mm = float(rng.uniform(*(MASS_LARGE_MM if large else MASS_SMALL_MM)))
    frame = make_frame(rng, FIELD_MM, shift=1, turn_deg=2)
    level = _tissue(rng, frame) - frame.y * np.float32(rng.uniform(-0.4, 0.5))
    cyst_at, mass_at = _centers(rng, cyst_mm, mass_mm)
    objects: list[AnnotatedObject] = []
    if has_cyst:
        cover = _shape(rng, frame, cyst_at, cyst_mm / 2, rough=False)
        level += _behind(frame, cyst_at, cyst_mm / 2) * np.float32(rng.uniform(*ENHANCEMENT_DB))
        level = level * (1 - cover) - np.float32(75) * cover
        objects.append(mark("breast_cyst", cover))
    if has_mass:
        cover = _shape(rng, frame, mass_at, mass_mm / 2, rough=True)
        level -= _behind(frame, mass_at, mass_mm / 2) * (1 - cover) * np.float32(rng.uniform(*SHADOW_DB))
        level -= cover * (np.float32(rng.uniform(*MASS_BELOW_TISSUE_DB)) + smooth_noise(rng, 18) * np.float32(1.5))
        objects.append(mark("solid_mass", cover))
    image = AnnotatedImage(
        original_id="",
        picture=to_uint8(_display(rng, level)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(frame.spacing, frame.spacing)),
        modality="ultrasound",
        anatomy="breast",
        department="ultrasound",
        labels={"breast_cyst": has_cyst, "solid_mass": has_mass},
        objects=tuple(objects),
    )
    size = "large" if large else "small"
    truth = (
        DrawnFinding(name="breast_cyst", present=has_cyst, count=int(has_cyst)),
        DrawnFinding(name="solid_mass", present=has_mass, count=int(has_mass), size_class=size if has_mass else ""),
    )
    return Phantom(image=image, truth=truth)


def _display(rng: np.random.Generator, level_db: Array) -> Array:
    """Show the envelope above the noise floor in decibels, under random gain and dynamic range.

    The scan lies within a narrow black margin, as on captured screens.
    """
    echo = np.maximum(_speckle(rng, level_db), np.float32(NOISE_FLOOR_DB)) + white_noise(rng)
    shown = expose(rng, echo[None], EXPOSURE)[0]
    top, bottom, left, right = (int(margin) for margin in rng.integers(*MARGIN_PX, size=4, endpoint=True))
    framed = np.zeros_like(shown)
    framed[top : SIZE_PX - bottom, left : SIZE_PX - right] = shown[top : SIZE_PX - bottom, left : SIZE_PX - right]
    return framed
