import math

import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModel

from doctorsun.model.vision_start import PATCH_SCALE, PLACE_SCALE, cosine_filters, grid_positions, start_vision_tower


def test_grey_filters_are_orthogonal_and_the_first_is_the_mean():
    filters = cosine_filters(50, 8)[:30].flatten(1)
    products = filters @ filters.T
    off_diagonal = products - torch.diag(torch.diag(products))
    assert off_diagonal.abs().max() < 1e-4
    assert filters[0].tolist() == pytest.approx([1 / math.sqrt(3) / 8] * 192)


def test_colour_filters_do_not_see_grey():
    colour = cosine_filters(50, 8)[30:]
    grey = torch.ones(3, 8, 8)
    assert (colour * grey).sum((1, 2, 3)).abs().max() < 1e-4


def test_more_filters_than_frequencies_repeat_them():
    assert cosine_filters(20, 2).shape == (20, 3, 2, 2)


def test_places_differ_by_row_and_by_column():
    places = grid_positions(3, 16)
    assert places.shape == (9, 16)
    assert torch.equal(places[0, 8:], places[1, 8:])
    assert torch.equal(places[0, :8], places[3, :8])
    assert len({tuple(row.tolist()) for row in places}) == 9


def test_a_tower_starts_with_both():
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=24, patch_size=8
    )
    tower = CLIPVisionModel(config)
    start_vision_tower(tower)
    assert torch.equal(tower.embeddings.patch_embedding.weight, PATCH_SCALE * cosine_filters(16, 8))
    assert torch.equal(tower.embeddings.position_embedding.weight[1:], PLACE_SCALE * grid_positions(3, 16))
