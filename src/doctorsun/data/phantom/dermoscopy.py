"""Dermoscopic images of one pigmented lesion: asymmetry, irregular border, colour variegation."""

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.data.phantom.canvas import (
    Array,
    Exposure,
    Frame,
    coin,
    expose,
    length,
    make_frame,
    mark,
    paint,
    ramp,
    rgb_pixels,
    smooth_noise,
    tinted,
    white_noise,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.schema import ImageFacts

FIELD_MM = 16.0
RADIUS_MM = (3.4, 4.6)
LOBE_SHARE = (0.24, 0.32)
NOTCH_SHARE = (0.11, 0.15)
EXPOSURE = Exposure(mean=(0.68, 0.52, 0.44), contrast=(0.15, 0.13, 0.12))
PATCH_COLOURS = ((0.10, 0.07, 0.07), (0.70, 0.16, 0.14), (0.42, 0.48, 0.60))


def _outline(rng: np.random.Generator, frame: Frame, *, lopsided: bool, notched: bool) -> Array:
    """Return the cover of the lesion: an oval, made lopsided by low and notched by high angular harmonics."""
    angle = np.arctan2(frame.y, frame.x)
    distance = length(frame.x, frame.y)
    radius = np.float32(rng.uniform(*RADIUS_MM))
    turn, oval = np.float32(rng.uniform(0, np.pi)), np.float32(rng.uniform(0, 0.08))
    shape = 1 + oval * np.cos(2 * (angle - turn))
    if lopsided:
        lobe, phase = np.float32(rng.uniform(*LOBE_SHARE)), np.float32(rng.uniform(0, 2 * np.pi))
        skew = phase + np.float32(rng.choice([-1, 1]) * rng.uniform(0.5, 0.9))
        shape = shape + lobe * np.cos(3 * (angle - phase)) * np.float32(0.5) + lobe * np.cos(2 * (angle - skew))
        shape = shape + lobe * np.float32(0.5) * np.cos(angle - phase)
    if notched:
        notch = np.float32(rng.uniform(*NOTCH_SHARE))
        first, second = int(rng.integers(9, 12)), int(rng.integers(13, 16))
        shape = shape + notch * np.cos(first * angle + np.float32(rng.uniform(0, 6)))
        shape = shape + notch * np.float32(0.5) * np.cos(second * angle + np.float32(rng.uniform(0, 6)))
    return ramp((radius * shape - distance) / np.float32(0.25))


def _patches(rng: np.random.Generator, picture: Array, frame: Frame, lesion: Array) -> None:
    """Paint black, red and blue-grey areas into the lesion, one third of the circle each."""
    start = rng.uniform(0, 2 * np.pi)
    for number, colour in enumerate(PATCH_COLOURS):
        angle = start + number * 2 * np.pi / 3 + rng.uniform(-0.3, 0.3)
        reach = rng.uniform(1.5, 2.1)
        x, y = frame.x - np.float32(np.cos(angle) * reach), frame.y - np.float32(np.sin(angle) * reach)
        size = np.float32(rng.uniform(1.2, 1.6))
        patch = ramp((1 - length(x, y) / size + smooth_noise(rng, 12) * np.float32(0.22)) * 2)
        paint(picture, patch * lesion * np.float32(0.9), colour)


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one lesion; the three findings are present half of the time each, independently."""
    lopsided, notched, variegated = coin(rng), coin(rng), coin(rng)
    frame = make_frame(rng, FIELD_MM, shift=1.0, turn_deg=180)
    skin = float(rng.uniform(0.78, 0.92)), float(rng.uniform(0.60, 0.72)), float(rng.uniform(0.50, 0.62))
    shade = 1 + smooth_noise(rng, 5) * np.float32(0.04) + smooth_noise(rng, 40) * np.float32(0.02)
    picture = tinted(shade, skin)
    lesion = _outline(rng, frame, lopsided=lopsided, notched=notched)
    brown = (float(rng.uniform(0.42, 0.58)), float(rng.uniform(0.26, 0.36)), float(rng.uniform(0.16, 0.24)))
    paint(picture, lesion * (np.float32(0.9) + smooth_noise(rng, 16) * np.float32(0.05)), brown)
    if variegated:
        _patches(rng, picture, frame, lesion)
    truth = (
        DrawnFinding(name="asymmetry", present=lopsided),
        DrawnFinding(name="irregular_border", present=notched),
        DrawnFinding(name="colour_variegation", present=variegated),
    )
    noisy = picture + white_noise(rng) * np.float32(0.015)
    image = AnnotatedImage(
        original_id="",
        picture=rgb_pixels(expose(rng, noisy, EXPOSURE)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(frame.spacing, frame.spacing)),
        modality="dermoscopy",
        anatomy="skin",
        department="dermatology",
        labels={item.name: item.present for item in truth},
        objects=(mark("skin_lesion", lesion),),
    )
    return Phantom(image=image, truth=truth)
