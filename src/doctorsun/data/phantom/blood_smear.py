"""Stained blood smears: red and white cells; leukocytosis, the number of white cells, and sickle cells."""

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.phantom.canvas import (
    SIZE_PX,
    Array,
    Cells,
    Exposure,
    cells_cover,
    coin,
    expose,
    paint,
    rgb_pixels,
    scattered,
    smooth_noise,
    tinted,
    white_noise,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.schema import ImageFacts

SPACING_UM = 0.78
NUMBER_CELLS = (26, 44)
FEW_WHITE = (1, 2)
MANY_WHITE = (5, 7)
NUMBER_SICKLE = (4, 7)
RED_RADIUS_UM = 3.7
WHITE_RADIUS_UM = 6.2
GRID = 7
EXPOSURE = Exposure(mean=(0.78, 0.68, 0.70), contrast=(0.11, 0.17, 0.14))


def _round_cells(rng: np.random.Generator, centers: Array, radius_um: float) -> Cells:
    """Return nearly round cells at these places."""
    number = len(centers)
    long_px = radius_um / SPACING_UM * rng.uniform(0.92, 1.08, number)
    radii = np.stack([long_px, long_px * rng.uniform(0.9, 1, number)], axis=1).astype(np.float32)
    straight = np.zeros(number, dtype=np.float32)
    return Cells(centers=centers, radii=radii, angles=rng.uniform(0, np.pi, number).astype(np.float32), bend=straight)


def _red(rng: np.random.Generator, picture: Array, centers: Array, colour: tuple[float, float, float]) -> None:
    """Paint round red cells with central pallor."""
    cover, distance = cells_cover(_round_cells(rng, centers, RED_RADIUS_UM), reach_px=6)
    pallor = np.float32(1) - np.float32(0.55) * np.clip(1 - distance / np.float32(0.55), 0, 1)
    paint(picture, cover * pallor * np.float32(0.85), colour)


def _sickled(rng: np.random.Generator, picture: Array, centers: Array, colour: tuple[float, float, float]) -> None:
    """Paint crescents, longer than a red cell is wide, and dense in the middle."""
    number = len(centers)
    radii = np.stack([rng.uniform(8.2, 9.2, number), rng.uniform(2.3, 2.8, number)], axis=1).astype(np.float32)
    angles = rng.uniform(0, 2 * np.pi, number).astype(np.float32)
    bend = np.full(number, 0.42, dtype=np.float32)
    cover, _ = cells_cover(Cells(centers=centers, radii=radii, angles=angles, bend=bend), reach_px=11)
    paint(picture, cover * np.float32(0.95), colour)


def _white(rng: np.random.Generator, picture: Array, centers: Array) -> list[AnnotatedObject]:
    """Paint white cells with a lobed purple nucleus, and return their objects."""
    bodies = _round_cells(rng, centers, WHITE_RADIUS_UM)
    cover, _ = cells_cover(bodies, reach_px=10)
    paint(picture, cover, (0.80, 0.76, 0.88))
    turn = rng.uniform(0, 2 * np.pi, len(centers))
    lobes = [centers + 3.1 * np.stack([np.cos(turn + k), np.sin(turn + k)], axis=1) for k in (0, 2.1, 4.2)]
    nuclei, _ = cells_cover(_round_cells(rng, np.concatenate(lobes).astype(np.float32), 2.9), reach_px=6)
    paint(picture, nuclei * np.float32(0.95), (0.32, 0.16, 0.50))
    return [
        _white_object(x, y, float(radius)) for (x, y), radius in zip(centers.tolist(), bodies.radii[:, 0], strict=True)
    ]


def _white_object(x: float, y: float, radius: float) -> AnnotatedObject:
    """Return the box around one white cell, within the image; centres are pixel centres."""
    low, high = (
        (max(value - radius + 0.5, 0.0) for value in (x, y)),
        (min(value + radius + 0.5, SIZE_PX) for value in (x, y)),
    )
    x0, y0, x1, y1 = (float(round(value)) for value in (*low, *high))
    return AnnotatedObject(label="white_cell", box_px=(x0, y0, x1, y1))


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one field; leukocytosis and sickle cells are present half of the time each, independently."""
    many, sickle = coin(rng), coin(rng)
    num_white = int(rng.integers(*(MANY_WHITE if many else FEW_WHITE), endpoint=True))
    num_sickle = int(rng.integers(*NUMBER_SICKLE, endpoint=True)) if sickle else 0
    num_cells = int(rng.integers(*NUMBER_CELLS, endpoint=True))
    places = scattered(rng, num_cells, GRID, 0.2)
    num_red = num_cells - num_white - num_sickle
    tint = rng.uniform(0.88, 0.95) + np.array([0.02, 0, 0]) + rng.uniform(-0.015, 0.015, 3)
    light = 1 + smooth_noise(rng, 3) * np.float32(0.06)
    picture = tinted(light, tint.tolist())
    colour = (float(rng.uniform(0.72, 0.85)), float(rng.uniform(0.38, 0.52)), float(rng.uniform(0.40, 0.52)))
    _red(rng, picture, places[:num_red], colour)
    if sickle:
        _sickled(rng, picture, places[num_red : num_red + num_sickle], colour)
    objects = _white(rng, picture, places[num_red + num_sickle :])
    truth = (
        DrawnFinding(name="leukocytosis", present=many),
        DrawnFinding(name="sickle_cell", present=sickle),
        DrawnFinding(name="white_cell", present=True, count=num_white),
    )
    noisy = picture + white_noise(rng) * np.float32(0.015)
    image = AnnotatedImage(
        original_id="",
        picture=rgb_pixels(expose(rng, noisy, EXPOSURE)),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(SPACING_UM / 1000, SPACING_UM / 1000)),
        modality="blood_smear",
        anatomy="blood",
        department="haematology",
        labels={item.name: item.present for item in truth},
        objects=tuple(objects),
        counts={"red_cells": num_red, "sickle_cells": num_sickle},
    )
    return Phantom(image=image, truth=truth)
