"""Contrast-enhanced abdominal CT slices in Hounsfield units: liver lesion and its size, renal cyst and its side."""

from dataclasses import dataclass

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.phantom.canvas import (
    Array,
    Frame,
    away_from_edges,
    coin,
    ellipse,
    length,
    make_frame,
    mark,
    pick_point,
    ramp,
    random_side,
    side_sign,
    smooth_noise,
    white_noise,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.image.intensity import apply_window
from doctorsun.schema import ImageFacts

FIELD_MM = 350.0
LESION_SMALL_MM = (21.0, 26.0)
LESION_LARGE_MM = (36.0, 50.0)
CYST_MM = (28.0, 38.0)
LIVER_HU = (98.0, 115.0)
LESION_HU = (20.0, 40.0)
CYST_HU = (2.0, 12.0)
WINDOW_CENTER_HU = (30.0, 60.0)
WINDOW_WIDTH_HU = (320.0, 420.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Abdomen:
    """One normal slice in Hounsfield units, with the cover of the organs that can show disease."""

    frame: Frame
    hounsfield: Array
    liver: Array
    kidneys: dict[str, Array]
    kidney_x: float


def _lay(hounsfield: Array, cover: Array, value: float) -> None:
    """Replace the values by an organ's where it lies."""
    hounsfield += cover * (np.float32(value) - hounsfield)


def _wall(rng: np.random.Generator, frame: Frame, radii: tuple[float, float]) -> tuple[Array, Array]:
    """Return air, subcutaneous fat, muscle, ribs and abdominal fat; and the cover of the abdominal cavity."""
    width, depth = radii
    fat_mm = float(rng.uniform(10, 26))
    hounsfield = np.full_like(frame.x, -1000)
    _lay(hounsfield, ellipse(frame, (0, 4), radii, soft=3), -100)
    _lay(hounsfield, ellipse(frame, (0, 4), (width - fat_mm, depth - fat_mm * 0.8), soft=3), 55)
    cavity = ellipse(frame, (0, -2), (width - fat_mm - 11, depth - fat_mm * 0.8 - 14), soft=3)
    _lay(hounsfield, cavity, -95)
    x, y = frame.x * np.float32(1 / (width - fat_mm - 6)), (frame.y - 1) * np.float32(1 / (depth - fat_mm * 0.8 - 7))
    phase = float(rng.uniform(0, 2 * np.pi))
    beads = ramp((np.cos(11 * np.arctan2(y, x) + np.float32(phase)) - np.float32(0.6)) * 3)
    _lay(
        hounsfield,
        beads * ramp((np.float32(0.035) - np.abs(length(x, y) - 1)) * 50) * ramp((np.abs(x) - 0.35) * 20),
        260,
    )
    return hounsfield, cavity


def _draw_abdomen(rng: np.random.Generator) -> _Abdomen:
    """Draw a slice through liver, spleen, stomach and both kidneys in the portal venous phase."""
    frame = make_frame(rng, FIELD_MM, shift=8, turn_deg=4, zoom=0.05)
    radii = float(rng.uniform(152, 168)), float(rng.uniform(112, 124))
    hounsfield, cavity = _wall(rng, frame, radii)
    kidney_x = float(rng.uniform(58, 66))
    kidneys = {
        side: ellipse(frame, (side_sign(side) * kidney_x, 44), (26, 32), angle_deg=side_sign(side) * -25, soft=3)
        for side in ("right", "left")
    }
    gap = np.maximum(
        ellipse(frame, (-kidney_x, 44), (32, 38), angle_deg=25, soft=5),
        ellipse(frame, (-kidney_x - 18, 66), (40, 30), soft=5),
    )
    liver = (
        np.maximum(
            ellipse(frame, (-58, -22), (74, 66), angle_deg=-8, soft=3),
            ellipse(frame, (0, -52), (62, 28), angle_deg=8, soft=3),
        )
        * cavity
        * (1 - gap)
    )
    _lay(hounsfield, ellipse(frame, (94, -2), (28, 50), angle_deg=-12, soft=3) * cavity * (1 - kidneys["left"]), 118)
    _lay(hounsfield, ellipse(frame, (52, -48), (40, 26), angle_deg=20, soft=3) * cavity, float(rng.uniform(5, 40)))
    _lay(hounsfield, liver, float(rng.uniform(*LIVER_HU)))
    for side, kidney in kidneys.items():
        _lay(hounsfield, kidney, float(rng.uniform(165, 195)))
        sinus = ellipse(frame, (side_sign(side) * (kidney_x - 10), 44), (9, 13), soft=3)
        _lay(hounsfield, sinus, -40)
    _spine_and_vessels(hounsfield, frame)
    return _Abdomen(frame=frame, hounsfield=hounsfield, liver=liver, kidneys=kidneys, kidney_x=kidney_x)


def _spine_and_vessels(hounsfield: Array, frame: Frame) -> None:
    """Lay in vertebra, spinal canal, back muscles, aorta and inferior vena cava."""
    for sign in (-1, 1):
        _lay(hounsfield, ellipse(frame, (sign * 32, 84), (24, 17), soft=3), 58)
    _lay(hounsfield, ellipse(frame, (0, 52), (21, 18), soft=3), 210)
    _lay(hounsfield, ellipse(frame, (0, 86), (7, 20), soft=3), 230)
    _lay(hounsfield, ellipse(frame, (0, 75), (9, 8), soft=2), 30)
    _lay(hounsfield, ellipse(frame, (8, 24), (10, 10), soft=2), 165)
    _lay(hounsfield, ellipse(frame, (-17, 24), (12, 9), soft=2), 150)


def _add_lesion(rng: np.random.Generator, abdomen: _Abdomen, diameter: float) -> AnnotatedObject:
    """Lay a hypodense lesion into the liver, clear of its edge."""
    radii = diameter / 2, diameter / 2 * float(rng.uniform(0.88, 1))
    inside = abdomen.liver > 0.9  # noqa: PLR2004 (wholly liver)
    clear = [away_from_edges(inside, reach, abdomen.frame.spacing) for reach in (radii[0] + 2, radii[0] * 0.7)]
    center = pick_point(rng, abdomen.frame, [*clear, inside])
    cover = ellipse(abdomen.frame, center, radii, angle_deg=float(rng.uniform(0, 180)), soft=3)
    _lay(abdomen.hounsfield, cover, float(rng.uniform(*LESION_HU)))
    return mark("liver_lesion", cover)


def _add_cyst(rng: np.random.Generator, abdomen: _Abdomen, side: str) -> AnnotatedObject:
    """Lay a cyst of water density onto the outer lower edge of a kidney."""
    radius = float(rng.uniform(*CYST_MM)) / 2
    angle = np.deg2rad(rng.uniform(5, 60))
    reach = 18 + radius * 0.6
    center = (
        side_sign(side) * (abdomen.kidney_x + float(np.cos(angle)) * reach),
        44 + float(np.sin(angle)) * reach,
    )
    cover = ellipse(abdomen.frame, center, (radius, radius), soft=2)
    _lay(abdomen.hounsfield, cover, float(rng.uniform(*CYST_HU)))
    return mark("renal_cyst", cover)


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one slice; liver lesion and renal cyst are present half of the time each, independently."""
    has_lesion, has_cyst, large, side = coin(rng), coin(rng), coin(rng), random_side(rng)
    abdomen = _draw_abdomen(rng)
    spacing = abdomen.frame.spacing
    objects = [mark("liver", abdomen.liver)]
    objects += [mark(f"{name}_kidney", kidney) for name, kidney in abdomen.kidneys.items()]
    abdomen.hounsfield[...] += smooth_noise(rng, 40) * np.float32(5) * ramp(abdomen.hounsfield / 50)
    if has_lesion:
        objects.append(_add_lesion(rng, abdomen, float(rng.uniform(*(LESION_LARGE_MM if large else LESION_SMALL_MM)))))
    if has_cyst:
        objects.append(_add_cyst(rng, abdomen, side))
    size = "large" if large else "small"
    truth = (
        DrawnFinding(
            name="liver_lesion", present=has_lesion, count=int(has_lesion), size_class=size if has_lesion else ""
        ),
        DrawnFinding(name="renal_cyst", present=has_cyst, count=int(has_cyst), side=side if has_cyst else ""),
    )
    noisy = abdomen.hounsfield + white_noise(rng) * np.float32(rng.uniform(6, 14))
    window = float(rng.uniform(*WINDOW_CENTER_HU)), float(rng.uniform(*WINDOW_WIDTH_HU))
    image = AnnotatedImage(
        original_id="",
        picture=apply_window(noisy, center=window[0], width=window[1]),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(spacing, spacing), window=window),
        modality="abdominal_ct",
        plane="axial",
        anatomy="abdomen",
        department="radiology",
        labels={item.name: item.present for item in truth},
        objects=tuple(objects),
    )
    return Phantom(image=image, truth=truth)
