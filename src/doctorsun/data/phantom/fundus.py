"""Fundus photographs: optic disc and cup, vessels, macula; glaucomatous cupping, haemorrhages, and which eye it is."""

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.phantom.canvas import (
    Array,
    Exposure,
    Frame,
    coin,
    ellipse,
    expose,
    length,
    make_frame,
    mark,
    paint,
    ramp,
    random_side,
    rgb_pixels,
    smooth_noise,
    tinted,
    white_noise,
    with_gamma,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.schema import ImageFacts

FIELD_MM = 9.6
CUP_NORMAL = (0.25, 0.45)
CUP_ENLARGED = (0.72, 0.88)
BLOT_MM = (0.55, 0.80)
FEW_BLOTS = (1, 2)
MANY_BLOTS = (5, 7)
EXPOSURE = Exposure(mean=(0.64, 0.34, 0.17), contrast=(0.12, 0.09, 0.07), brighter=0.06)


def _retina(rng: np.random.Generator, frame: Frame) -> Array:
    """Return the RGB background: pigment epithelium with choroidal mottling, darker towards the edge."""
    tone = float(rng.uniform(0.68, 0.82)), float(rng.uniform(0.30, 0.42)), float(rng.uniform(0.10, 0.18))
    radius = length(frame.x, frame.y) / np.float32(4.6)
    shade = 1 - np.float32(rng.uniform(0.15, 0.35)) * radius**2 + smooth_noise(rng, 20) * np.float32(0.04)
    return tinted(shade, tone)


def _vessels(rng: np.random.Generator, frame: Frame, disc_x: float, sign: int) -> Array:
    """Return the cover of the arcades: from the disc around the macula above and below, and short nasal vessels."""
    cover = np.zeros_like(frame.x)
    sway = smooth_noise(rng, 7) * np.float32(0.12)
    for direction, spread in (
        (-sign, rng.uniform(1.25, 1.55)),
        (-sign, rng.uniform(0.55, 0.75)),
        (sign, rng.uniform(1.2, 1.7)),
    ):
        along = np.clip((frame.x - np.float32(disc_x)) * direction, 0.01, None)
        path = np.float32(spread) * np.sqrt(along) + sway
        slope = np.sqrt(1 + (np.float32(spread) / 2) ** 2 / along)
        off = np.abs(np.abs(frame.y) - path) / slope
        width = np.float32(0.085) * (1 - along / 11)
        cover = np.maximum(cover, ramp((width - off) / np.float32(frame.spacing)) * (along > 0.02))  # noqa: PLR2004
    return cover


def _blot_centers(rng: np.random.Generator, number: int, disc_x: float, macula_x: float) -> list[tuple[float, float]]:
    """Return places of haemorrhages: inside the field, off the disc and the macula, and apart from one another."""
    taken = [(disc_x, 0.0, 1.7), (macula_x, 0.0, 1.3)]
    centers: list[tuple[float, float]] = []
    while len(centers) < number:
        radius, angle = 3.9 * float(np.sqrt(rng.random())), float(rng.uniform(0, 2 * np.pi))
        x, y = radius * float(np.cos(angle)), radius * float(np.sin(angle))
        if all(float(np.hypot(x - other_x, y - other_y)) > room for other_x, other_y, room in taken):
            centers.append((x, y))
            taken.append((x, y, 1.05))
    return centers


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one photograph; cupping and haemorrhages are present half of the time each, independently.

    The disc lies nasally: on the image's right in a right eye.
    """
    cupped, bleeding, many, eye = coin(rng), coin(rng), coin(rng), random_side(rng)
    sign = 1 if eye == "right" else -1
    frame = make_frame(rng, FIELD_MM, shift=0.1, turn_deg=6, zoom=0.05)
    disc_x, macula_x = sign * float(rng.uniform(1.9, 2.4)), -sign * float(rng.uniform(1.8, 2.2))
    picture = _retina(rng, frame)
    macula = ellipse(frame, (macula_x, 0), (0.9, 0.9), soft=1.5)
    picture *= 1 - macula * np.float32(rng.uniform(0.35, 0.5))
    paint(picture, _vessels(rng, frame, disc_x, sign) * np.float32(0.75), (0.42, 0.08, 0.06))
    disc_mm = float(rng.uniform(0.88, 1.0))
    ratio = float(rng.uniform(*(CUP_ENLARGED if cupped else CUP_NORMAL)))
    disc = ellipse(frame, (disc_x, 0), (disc_mm * 0.93, disc_mm), soft=0.15)
    cup = ellipse(frame, (disc_x - sign * 0.04, 0), (disc_mm * 0.93 * ratio, disc_mm * ratio), soft=0.1)
    paint(picture, disc * np.float32(0.9), (0.90, 0.62, 0.30))
    paint(picture, cup * np.float32(0.95), (1.0, 0.95, 0.75))
    objects = [mark("optic_disc", disc), mark("optic_cup", cup), mark("macula", macula)]
    number = int(rng.integers(*(MANY_BLOTS if many else FEW_BLOTS), endpoint=True)) if bleeding else 0
    objects += _bleed(rng, frame, picture, _blot_centers(rng, number, disc_x, macula_x))
    truth = (
        DrawnFinding(name="cupping", present=cupped),
        DrawnFinding(name="haemorrhage", present=bleeding, count=number),
    )
    image = AnnotatedImage(
        original_id="",
        picture=rgb_pixels(_photograph(rng, picture)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(frame.spacing, frame.spacing)),
        modality="fundus",
        anatomy="retina",
        department="ophthalmology",
        labels={item.name: item.present for item in truth},
        objects=tuple(objects),
        attributes={"laterality": eye, "cup_to_disc_ratio": f"{ratio:.2f}"},
    )
    return Phantom(image=image, truth=truth)


def _bleed(
    rng: np.random.Generator, frame: Frame, picture: Array, centers: list[tuple[float, float]]
) -> list[AnnotatedObject]:
    """Paint blot haemorrhages."""
    objects: list[AnnotatedObject] = []
    blood = np.zeros_like(frame.x)
    for center in centers:
        radius = float(rng.uniform(*BLOT_MM)) / 2
        cover = ellipse(
            frame, center, (radius, radius * float(rng.uniform(0.85, 1))), angle_deg=float(rng.uniform(0, 180))
        )
        blood = np.maximum(blood, cover)
        objects.append(mark("haemorrhage", cover))
    if centers:
        paint(picture, blood * np.float32(0.92), (0.26, 0.03, 0.04))
    return objects


def _photograph(rng: np.random.Generator, picture: Array) -> Array:
    """Apply exposure, gamma and sensor noise; the aperture leaves the surround black."""
    aperture = ellipse(make_frame(rng, FIELD_MM), (0, 0), (4.7, 4.7))
    lit = expose(rng, picture, EXPOSURE, area=aperture > 0.5)  # noqa: PLR2004 (half a pixel)
    lit = with_gamma(lit, float(rng.uniform(0.85, 1.2))) + white_noise(rng) * np.float32(0.02)
    return lit * aperture
