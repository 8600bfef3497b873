"""Contrast-enhanced T1 brain MR slices, axial and coronal: ring-enhancing lesion, its side, size and mass effect."""

from dataclasses import dataclass

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.data.phantom.canvas import (
    Array,
    Frame,
    coin,
    ellipse,
    length,
    make_frame,
    mark,
    ramp,
    random_side,
    side_sign,
    smooth_noise,
    white_noise,
    with_gamma,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.image.intensity import to_uint8
from doctorsun.schema import ImageFacts

FIELD_MM = 220.0
LESION_SMALL_MM = (17.0, 25.0)
LESION_LARGE_MM = (35.0, 44.0)
SHIFT_MM = (9.0, 14.0)
TENTORIUM_MM = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brain:
    """One brain: its frame, the frame bent by the midline shift, the cover of the brain and its half-size."""

    frame: Frame
    bent: Frame
    cover: Array
    radii: tuple[float, float]


def _draw_brain(rng: np.random.Generator, plane: str, shift_mm: float) -> _Brain:
    """Place a brain; the bent frame carries midline structures ``shift_mm`` to the image's right at mid-height."""
    frame = make_frame(rng, FIELD_MM, shift=5, turn_deg=6, zoom=0.05)
    radii = (66.0, float(rng.uniform(78, 84))) if plane == "axial" else (68.0, float(rng.uniform(60, 65)))
    center_y = 0.0 if plane == "axial" else -14.0
    bump = np.exp(-((frame.x / 40) ** 2) - ((frame.y - center_y) / 45) ** 2)
    bent = Frame(x=frame.x - np.float32(shift_mm) * bump, y=frame.y, spacing=frame.spacing)
    cover = ellipse(frame, (0, center_y), radii, soft=2)
    return _Brain(frame=frame, bent=bent, cover=cover, radii=radii)


def _axial(rng: np.random.Generator, brain: _Brain) -> tuple[Array, Array]:
    """Return the shares of white matter and of cerebrospinal fluid on an axial slice through the ventricles."""
    width, length = brain.radii
    white = ellipse(brain.frame, (0, 0), (width - 13, length - 13), soft=6)
    size = rng.uniform(0.75, 1.2)
    fluid = np.zeros_like(white)
    for sign in (-1, 1):
        fluid += ellipse(brain.bent, (sign * 10, -16), (5 * size, 17 * size), angle_deg=sign * 16, soft=2)
        fluid += ellipse(brain.bent, (sign * 16, 22), (5 * size, 15 * size), angle_deg=sign * -24, soft=2)
    falx = ramp((1.6 - np.abs(brain.bent.x)) / 1.7) * ramp((np.abs(brain.frame.y) - 32) / 4)
    return white, np.clip(fluid + falx, 0, 1)


def _coronal(rng: np.random.Generator, brain: _Brain) -> tuple[Array, Array]:
    """Return the shares of white matter and of cerebrospinal fluid on a coronal slice with the temporal lobes."""
    width, height = brain.radii
    white = ellipse(brain.frame, (0, -16), (width - 13, height - 14), soft=6)
    size = rng.uniform(0.75, 1.2)
    fluid = ellipse(brain.bent, (0, -2), (2.5 * size, 11), soft=2)
    for sign in (-1, 1):
        fluid += ellipse(brain.bent, (sign * 12, -22), (12 * size, 5 * size), angle_deg=sign * -24, soft=2)
        fluid += ellipse(brain.frame, (sign * 34, 18), (15, 2.5), angle_deg=sign * -30, soft=2)
    falx = ramp((1.6 - np.abs(brain.bent.x)) / 1.7) * ramp((-34 - brain.frame.y) / 4)
    return white, np.clip(fluid + falx, 0, 1)


def _anatomy(rng: np.random.Generator, brain: _Brain, plane: str) -> Array:
    """Return the T1 signal of the head without disease."""
    white, fluid = _axial(rng, brain) if plane == "axial" else _coronal(rng, brain)
    center_y, low = (0.0, 0.0) if plane == "axial" else (-2.0, 14.0)
    width, height = brain.radii[0], brain.radii[1] + low
    outer = ellipse(brain.frame, (0, center_y), (width + 13, height + 13), soft=2)
    skull = ellipse(brain.frame, (0, center_y), (width + 8, height + 8), soft=2)
    folds = np.abs(smooth_noise(rng, 22)) * np.float32(0.10) * (1 - white)
    tissue = np.float32(0.42) + white * np.float32(rng.uniform(0.13, 0.2)) - folds
    signal = (outer - skull) * np.float32(rng.uniform(0.6, 0.85)) + brain.cover * tissue
    if plane == "coronal":
        stem = ellipse(brain.frame, (0, 44), (13, 30), soft=3)
        cerebellum = ellipse(brain.frame, (-27, 48), (27, 17), soft=3) + ellipse(
            brain.frame, (27, 48), (27, 17), soft=3
        )
        leaves = np.float32(0.40) + np.float32(0.08) * np.sin(brain.frame.y * np.float32(1.3))
        neck = ellipse(brain.frame, (0, 80), (58, 45), soft=4) * np.float32(0.3)
        below = np.maximum(stem * np.float32(0.5), np.clip(cerebellum, 0, 1) * leaves) * skull
        signal = np.maximum(np.maximum(signal, below * (brain.frame.y > TENTORIUM_MM)), neck * (1 - outer))
    return signal * (1 - fluid * np.float32(0.75))


def _lesion(
    rng: np.random.Generator, brain: _Brain, plane: str, side: str, radius: float
) -> tuple[Array, Array, Array]:
    """Return the cover of the whole lesion, of its enhancing rim, and of the oedema around it."""
    sign = side_sign(side)
    reach_x = brain.radii[0] - radius - 8
    x = sign * float(rng.uniform(max(radius + 5, 0.42 * reach_x), max(reach_x, radius + 6)))
    room_y = (brain.radii[1] - radius - 8) * np.sqrt(max(0.05, 1 - (x / (brain.radii[0] - 4)) ** 2))
    y = float(rng.uniform(-room_y, room_y * (1 if plane == "axial" else 0.4))) + (0 if plane == "axial" else -14)
    radii = (radius, radius * float(rng.uniform(0.88, 1)))
    angle = float(rng.uniform(0, 180))
    thickness = max(4.0, 0.24 * radius)
    whole = ellipse(brain.frame, (x, y), radii, angle_deg=angle, soft=2)
    inner = ellipse(brain.frame, (x, y), (radii[0] - thickness, radii[1] - thickness), angle_deg=angle, soft=2)
    oedema = ellipse(brain.frame, (x, y), (radius + 12, radius + 10), angle_deg=angle, soft=9)
    return whole, whole - inner, oedema


def _acquire(rng: np.random.Generator, signal: Array) -> Array:
    """Return the magnitude image: coil shading, complex Gaussian noise (Rician magnitude), gain and gamma."""
    shaded = signal * (1 + np.float32(0.10) * smooth_noise(rng, 3))
    sigma = np.float32(rng.uniform(0.012, 0.03))
    magnitude = length(shaded + white_noise(rng) * sigma, white_noise(rng) * sigma)
    return with_gamma(magnitude * np.float32(rng.uniform(0.8, 1.15)), float(rng.uniform(0.75, 1.25)))


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one slice; a lesion in half of them, mass effect in half of those with a lesion."""
    plane = "axial" if coin(rng) else "coronal"
    present, side, large = coin(rng), random_side(rng), coin(rng)
    shifted = present and coin(rng)
    shift_mm = -side_sign(side) * float(rng.uniform(*SHIFT_MM)) if shifted else float(rng.uniform(-1, 1))
    brain = _draw_brain(rng, plane, shift_mm)
    signal = _anatomy(rng, brain, plane)
    objects = [
        mark(f"{hemisphere}_hemisphere", brain.cover * (brain.frame.x * side_sign(hemisphere) > 0))
        for hemisphere in ("right", "left")
    ]
    truth = [DrawnFinding(name="brain_lesion", present=False)]
    if present:
        diameter = float(rng.uniform(*(LESION_LARGE_MM if large else LESION_SMALL_MM)))
        whole, rim, oedema = _lesion(rng, brain, plane, side, diameter / 2)
        signal = signal * (1 - oedema * brain.cover * np.float32(0.30))
        signal = signal * (1 - whole) + np.float32(0.16) * whole + rim * np.float32(rng.uniform(0.68, 0.8))
        objects.append(mark("brain_lesion", whole))
        size = "large" if large else "small"
        truth = [
            DrawnFinding(name="brain_lesion", present=True, side=side, count=1, size_class=size),
            DrawnFinding(name="mass_effect", present=shifted),
        ]
    image = AnnotatedImage(
        original_id="",
        picture=to_uint8(_acquire(rng, signal)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(brain.frame.spacing, brain.frame.spacing)),
        modality="brain_mr",
        plane=plane,
        anatomy="brain",
        department="radiology",
        labels={item.name: item.present for item in truth},
        objects=tuple(objects),
    )
    return Phantom(image=image, truth=tuple(truth))
