"""A random vision tower's first layer: patches enter as cosine transforms, places as sines and cosines.

A tower that starts from published weights has learnt both. One that starts from nothing learns faster when it is given
them (docs/decisions/0003, benchmarks/vision_start.py).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import CLIPVisionModel

PATCH_SCALE = 0.1
PLACE_SCALE = 0.5
PLACE_BASE = 100.0  # longest wave of the places, in patches
GREY_SHARE = 0.6  # of the filters; the rest is shared by the two colour axes
COLOUR_AXES = ((1.0, 1.0, 1.0), (1.0, -1.0, 0.0), (0.5, 0.5, -1.0))  # grey, red-green, blue-yellow


@torch.no_grad()
def start_vision_tower(tower: CLIPVisionModel) -> None:
    """Set the patch and position embeddings of a random tower."""
    patch = tower.embeddings.patch_embedding.weight
    patch.copy_(PATCH_SCALE * cosine_filters(len(patch), patch.shape[-1]))
    positions = tower.embeddings.position_embedding.weight
    positions[1:] = PLACE_SCALE * grid_positions(math.isqrt(len(positions) - 1), positions.shape[-1])


def cosine_filters(num_filters: int, size: int) -> Float[Tensor, "filters 3 size size"]:
    """Return two-dimensional cosine filters (DCT-II), low frequencies first, on grey and two colour axes.

    Each is scaled by its distance from the mean, because the energy of images falls with frequency.

    Source: Ahmed, Natarajan, Rao, Discrete Cosine Transform, IEEE Trans. Computers 1974.
    """
    steps = torch.arange(size, dtype=torch.float32)
    waves = torch.cos(math.pi * (steps[None] + 0.5) * steps[:, None] / size) * math.sqrt(2 / size)
    waves[0] /= math.sqrt(2)
    orders = sorted((u * u + v * v, u, v) for u in range(size) for v in range(size))
    num_grey = int(num_filters * GREY_SHARE)
    num_colour = (num_filters - num_grey) // 2
    axes = torch.nn.functional.normalize(torch.tensor(COLOUR_AXES), dim=1)
    filters: list[Tensor] = []
    for axis, count in zip(axes, (num_grey, num_colour, num_filters - num_grey - num_colour), strict=True):
        for index in range(count):
            distance, u, v = orders[index % len(orders)]
            wave = torch.outer(waves[u], waves[v]) * (1 + math.sqrt(distance))
            filters.append(axis[:, None, None] * wave)
    return torch.stack(filters)


def grid_positions(side: int, size: int) -> Float[Tensor, "places size"]:
    """Return sines and cosines of column and row for a square grid, row by row.

    Source: Beyer, Zhai, Kolesnikov, Better plain ViT baselines, arXiv 2205.01580.
    """
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    rates = PLACE_BASE ** -torch.linspace(0, 1, size // 4)
    angles = [place.flatten()[:, None] * rates for place in (columns, rows)]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)
