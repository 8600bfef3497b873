"""Frontal chest radiographs: line integrals of attenuation with nodule, effusion, pneumothorax and cardiomegaly."""

from dataclasses import dataclass

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.phantom.canvas import (
    Array,
    Frame,
    away_from_edges,
    coin,
    ellipse,
    make_frame,
    mark,
    pick_point,
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

FIELD_MM = 340.0
NODULE_MM = (20.0, 30.0)
EFFUSION_MM = (50.0, 75.0)
RIM_MM = (26.0, 38.0)
CTR_NORMAL = (0.40, 0.46)
CTR_ENLARGED = (0.57, 0.66)
ZONES = ("upper", "middle", "lower")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chest:
    """One normal chest: its frame, half-width and the cover of lungs and heart."""

    frame: Frame
    half_width: float
    dome_y: dict[str, Array]
    lungs: dict[str, Array]
    heart: Array


def _draw_chest(rng: np.random.Generator, ctr: float) -> _Chest:
    """Draw lungs over two domes of the diaphragm, and a heart whose width gives the cardiothoracic ratio."""
    frame = make_frame(rng, FIELD_MM, shift=8, turn_deg=4, zoom=0.06)
    half_width = float(rng.uniform(118, 134))
    base_y = float(rng.uniform(68, 88))
    lungs: dict[str, Array] = {}
    dome_y: dict[str, Array] = {}
    for side in ("right", "left"):
        sign = side_sign(side)
        dome = base_y + (6 if side == "left" else -6) + ((frame.x - sign * 62) / 60) ** 2 * 30
        dome_y[side] = dome.astype(np.float32)
        field = ellipse(frame, (sign * (half_width - 54), -2), (54, rng.uniform(112, 122)), soft=8)
        lungs[side] = field * ramp((dome_y[side] - frame.y) / 5)
    radius = ctr * half_width
    heart = ellipse(frame, (0.26 * radius, base_y - 36), (radius, rng.uniform(46, 54)), soft=7)
    return _Chest(frame=frame, half_width=half_width, dome_y=dome_y, lungs=lungs, heart=heart)


def _bones(rng: np.random.Generator, chest: _Chest) -> Array:
    """Return the attenuation of ribs, clavicles and spine."""
    x, y = chest.frame.x, chest.frame.y
    pitch, phase = rng.uniform(23, 28), rng.uniform(0, 2 * np.pi)
    arc = y + x * x * np.float32(rng.uniform(0.0022, 0.0032)) - np.abs(x) * np.float32(0.55)
    wave = np.cos(arc * np.float32(2 * np.pi / pitch) + np.float32(phase))
    cage = ellipse(chest.frame, (0, 0), (chest.half_width + 4, 138), soft=6)
    bones = np.clip(wave - np.float32(0.25), 0, 1) * cage * np.float32(rng.uniform(0.05, 0.09))
    bones += ramp((15 - np.abs(x)) / 5) * np.float32(0.12)
    for sign in (-1, 1):
        bones += ellipse(chest.frame, (sign * 62, -98), (54, 5), angle_deg=sign * -14, soft=3) * np.float32(0.08)
    return bones


def _attenuation(rng: np.random.Generator, chest: _Chest) -> Array:
    """Return the line integral of the chest without disease, about 0 (air) to 1 (bone over soft tissue)."""
    x, y = chest.frame.x, chest.frame.y
    slope = np.clip(-y - 92, 0, 200) * np.float32(2.0)
    shoulder = ramp((chest.half_width + 34 - np.abs(x) - slope) / 14) + ramp((34 - np.abs(x)) / 6) * (y < 0)
    shoulder = np.clip(shoulder, 0, 1)
    both = (chest.lungs["left"] + chest.lungs["right"]) * (1 - chest.heart)
    vessels = np.abs(smooth_noise(rng, 26)) * np.exp(-((np.abs(x) - 34) ** 2 + (y + 2) ** 2) / np.float32(45**2))
    tissue = np.float32(0.62) * shoulder - both * (np.float32(0.40) - vessels * np.float32(0.13))
    tissue += smooth_noise(rng, 5) * np.float32(0.02) * shoulder
    return tissue + _bones(rng, chest)


def _effusion(rng: np.random.Generator, chest: _Chest, side: str, *, flat: bool) -> tuple[Array, AnnotatedObject]:
    """Return the opacity of a pleural effusion: a meniscus, or a flat level where air lies above it."""
    lung, x, y = chest.lungs[side], chest.frame.x, chest.frame.y
    height = float(rng.uniform(*EFFUSION_MM))
    lateral = np.clip((np.abs(x) - 50) / np.float32(chest.half_width - 50), 0, 1) ** 2
    base = float(chest.dome_y[side].min()) + 16
    level = base - height * (0.75 if flat else 0.45) - (0 if flat else 1) * lateral * height * np.float32(0.9)
    cover = lung * ramp((y - level) / 5) * (1 - chest.heart)
    return cover, mark("effusion", cover)


def _pneumothorax(rng: np.random.Generator, chest: _Chest, side: str) -> tuple[Array, Array, AnnotatedObject]:
    """Return the air-filled rim, the visceral pleural line, and the object."""
    sign, lung = side_sign(side), chest.lungs[side]
    gap = float(rng.uniform(*RIM_MM))
    collapsed = ellipse(chest.frame, (sign * (chest.half_width - 62 - gap / 3), 12), (58 - gap / 2, 112 - gap), soft=5)
    lower = ramp((chest.frame.y - 45) / 30)
    inside = np.maximum(collapsed, lower)
    rim = lung * (1 - inside) * (1 - chest.heart)
    line = lung * (inside * (1 - inside)) * 4 * (1 - lower)
    return rim, line, mark("pneumothorax", rim)


def _place_nodule(
    rng: np.random.Generator, chest: _Chest, side: str, zone: str, *, blocked: Array, radius: float
) -> tuple[float, float]:
    """Return a centre in this zone of a lung, as far as possible clear of its border, the heart and other disease."""
    lung = chest.lungs[side] > 0.5  # noqa: PLR2004 (half a pixel)
    rows = np.flatnonzero(lung.any(axis=1))
    top, height = float(rows[0]), float(rows[-1] + 1 - rows[0])
    first = top + height * ZONES.index(zone) / 3
    within = np.zeros_like(lung)
    within[int(np.ceil(first + 0.05 * height)) : int(first + 0.28 * height)] = True
    free = lung & (chest.heart < 0.1) & (blocked < 0.1)  # noqa: PLR2004 (nearly nothing)
    clear = [away_from_edges(free, share * radius, chest.frame.spacing) & within for share in (1.0, 0.6, 0.3)]
    return pick_point(rng, chest.frame, [*clear, free & within, lung & within])


def _display(rng: np.random.Generator, integral: Array) -> Array:
    """Map the line integral to display shares: detector noise, then a random window and gamma."""
    noisy = integral + white_noise(rng) * np.float32(rng.uniform(0.012, 0.028))
    low, high = rng.uniform(-0.02, 0.16), rng.uniform(0.72, 1.05)
    return with_gamma((noisy - low) / (high - low), float(rng.uniform(0.7, 1.4)))


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one frontal chest radiograph; each finding is present half of the time, independently.

    Fluid would hide a nodule in the lower zone and air displaces the upper zone: each then lies on the other side.
    """
    enlarged, effusion, pneumothorax, nodule = coin(rng), coin(rng), coin(rng), coin(rng)
    ctr = float(rng.uniform(*(CTR_ENLARGED if enlarged else CTR_NORMAL)))
    chest = _draw_chest(rng, ctr)
    integral = _attenuation(rng, chest)
    side, zone = random_side(rng), ZONES[rng.integers(3)]
    air_side = _other(side) if nodule and zone == "upper" else random_side(rng)
    fluid_side = _other(side) if nodule and zone == "lower" else random_side(rng)
    blocked = np.zeros_like(integral)
    objects = [mark(f"{name}_lung", lung) for name, lung in chest.lungs.items()]
    truth = [DrawnFinding(name="cardiomegaly", present=enlarged)]
    if pneumothorax:
        rim, line, found = _pneumothorax(rng, chest, air_side)
        integral += line * np.float32(0.16) - rim * np.float32(0.13)
        blocked = np.maximum(blocked, rim)
        objects.append(found)
    if effusion:
        fluid, found = _effusion(rng, chest, fluid_side, flat=pneumothorax and air_side == fluid_side)
        integral += fluid * np.float32(0.38)
        blocked = np.maximum(blocked, fluid)
        objects.append(found)
    if nodule:
        objects.append(_add_nodule(rng, chest, integral, (side, zone), blocked))
    truth += [
        _drawn("pneumothorax", air_side, present=pneumothorax),
        _drawn("effusion", fluid_side, present=effusion),
        _drawn("nodule", side, present=nodule, zone=zone),
    ]
    image = AnnotatedImage(
        original_id="",
        picture=to_uint8(_display(rng, integral)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(chest.frame.spacing, chest.frame.spacing)),
        modality="chest_xray",
        plane="frontal",
        anatomy="chest",
        department="radiology",
        labels={item.name: item.present for item in truth},
        objects=tuple(objects),
        attributes={"cardiothoracic_ratio": f"{ctr:.2f}"},
    )
    return Phantom(image=image, truth=tuple(truth))


def _other(side: str) -> str:
    """Return the opposite side."""
    return "left" if side == "right" else "right"


def _drawn(name: str, side: str, *, present: bool, zone: str = "") -> DrawnFinding:
    """Return the truth of a finding that has a side; nothing but its absence where it was not drawn."""
    if not present:
        return DrawnFinding(name=name, present=False)
    return DrawnFinding(name=name, present=True, side=side, zone=zone, count=1)


def _add_nodule(
    rng: np.random.Generator, chest: _Chest, integral: Array, place: tuple[str, str], blocked: Array
) -> AnnotatedObject:
    """Add a nodule in this side and zone to the line integral."""
    radius = float(rng.uniform(*NODULE_MM)) / 2
    center = _place_nodule(rng, chest, *place, blocked=blocked, radius=radius)
    radii = (radius, radius * float(rng.uniform(0.88, 1)))
    cover = ellipse(chest.frame, center, radii, angle_deg=float(rng.uniform(0, 180)), soft=4)
    integral += cover * np.float32(rng.uniform(0.24, 0.32))
    return mark("nodule", cover)
