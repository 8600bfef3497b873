"""Haematoxylin and eosin fields: how dense the nuclei are, and mitotic figures."""

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.data.phantom.canvas import (
    Array,
    Cells,
    Exposure,
    cells_cover,
    coin,
    expose,
    paint,
    ramp,
    rgb_pixels,
    scattered,
    smooth_noise,
    tinted,
    white_noise,
)
from doctorsun.data.phantom.phantom import DrawnFinding, Phantom, drawn_source
from doctorsun.schema import ImageFacts

SPACING_UM = 1.0
SPARSE_NUCLEI = (14, 22)
DENSE_NUCLEI = (54, 76)
SPARSE_RADIUS_UM = (4.2, 8.0)
DENSE_RADIUS_UM = (3.6, 5.0)
NUMBER_MITOSES = (1, 3)
GRID = 10
EXPOSURE = Exposure(mean=(0.74, 0.56, 0.70), contrast=(0.16, 0.15, 0.09))


def _stroma(rng: np.random.Generator) -> Array:
    """Return the RGB background: eosin in wavy fibres of uneven strength, and pools of blue mucin of any extent."""
    fibres = smooth_noise(rng, 34, 9) if coin(rng) else smooth_noise(rng, 9, 34)
    eosin = np.float32(0.5) + fibres * np.float32(0.14) + smooth_noise(rng, 4) * np.float32(0.28)
    picture = tinted(np.ones_like(eosin), (0.97, 0.93, 0.96))
    paint(picture, np.clip(eosin, 0, 1.3), (0.86, 0.55, 0.72))
    mucin = ramp((smooth_noise(rng, 5) + np.float32(rng.uniform(-1.7, 1.4))) * 2)
    paint(picture, mucin * np.float32(rng.uniform(0.35, 0.75)), (0.56, 0.46, 0.72))
    return picture


def _nuclei(rng: np.random.Generator, number: int, *, dense: bool) -> tuple[Array, Array]:
    """Return the cover of the nuclei, and the relative distance from the nearest centre."""
    long_um = rng.uniform(0.9, 1.1, number) * rng.uniform(*(DENSE_RADIUS_UM if dense else SPARSE_RADIUS_UM))
    radii = np.stack([long_um, long_um * rng.uniform(0.7, 0.95, number)], axis=1).astype(np.float32)
    angles = rng.uniform(0, np.pi, number).astype(np.float32)
    places = scattered(rng, number, GRID, 0.24)
    return cells_cover(Cells(centers=places, radii=radii, angles=angles, bend=np.zeros_like(angles)), reach_px=10)


def _mitoses(rng: np.random.Generator, number: int) -> tuple[Array, Array]:
    """Return the cover of clear cell bodies and of the metaphase plates inside them."""
    places = scattered(rng, number, 4, 0.22)
    angles = rng.uniform(0, np.pi, number).astype(np.float32)
    straight = np.zeros_like(angles)
    body = np.full((number, 2), 9.5, dtype=np.float32)
    plate = np.stack([rng.uniform(6.2, 7.2, number), rng.uniform(2.4, 3.0, number)], axis=1).astype(np.float32)
    cell, _ = cells_cover(Cells(centers=places, radii=body, angles=angles, bend=straight), reach_px=11)
    chromosomes, _ = cells_cover(Cells(centers=places, radii=plate, angles=angles, bend=straight), reach_px=10)
    return cell, chromosomes


def draw(rng: np.random.Generator) -> Phantom:
    """Draw one field; high cellularity and mitoses are present half of the time each, independently."""
    dense, dividing = coin(rng), coin(rng)
    picture = _stroma(rng)
    number = int(rng.integers(*(DENSE_NUCLEI if dense else SPARSE_NUCLEI), endpoint=True))
    cover, distance = _nuclei(rng, number, dense=dense)
    stain = np.float32(rng.uniform(0.6, 0.9))
    paint(picture, cover * stain * (np.float32(0.85) + np.float32(0.15) * np.clip(distance, 0, 1)), (0.38, 0.24, 0.58))
    num_mitoses = int(rng.integers(*NUMBER_MITOSES, endpoint=True)) if dividing else 0
    if dividing:
        cell, chromosomes = _mitoses(rng, num_mitoses)
        paint(picture, cell * np.float32(0.9), (0.96, 0.88, 0.93))
        paint(picture, chromosomes, (0.10, 0.05, 0.24))
    truth = (DrawnFinding(name="high_cellularity", present=dense), DrawnFinding(name="mitosis", present=dividing))
    exposed = expose(rng, picture + white_noise(rng) * np.float32(0.02), EXPOSURE)
    image = AnnotatedImage(
        original_id="",
        picture=rgb_pixels(exposed),
        source=drawn_source("phantom"),
        acquisition=ImageFacts(spacing_mm=(SPACING_UM / 1000, SPACING_UM / 1000)),
        modality="histology",
        anatomy="breast_tissue",
        department="pathology",
        labels={item.name: item.present for item in truth},
        counts={"nuclei": number, "mitoses": num_mitoses},
    )
    return Phantom(image=image, truth=truth)
