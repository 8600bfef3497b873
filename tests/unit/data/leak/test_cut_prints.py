"""Fingerprints of all cuts at once: near to those of the parts themselves, and the same however they are computed."""

import numpy as np
import PIL.Image
import pytest

from curation_samples import picture
from doctorsun.data.leak import views
from doctorsun.data.leak.cut_prints import cut_fingerprints


def by_cut(prints: bytes) -> np.ndarray:
    return np.frombuffer(prints, dtype=np.uint8).reshape(len(views.CUTS), 32)


@pytest.mark.parametrize("size", [(96, 80), (700, 300), (400, 610)])
@pytest.mark.parametrize("seed", range(3))
def test_they_are_a_few_bits_from_those_of_the_parts_themselves(size: tuple[int, int], seed: int):
    shown = picture(seed).resize(size)
    apart = by_cut(cut_fingerprints(shown)) ^ by_cut(
        views.fingerprints_of(views.tested_views(shown)[views.NUM_VIEWS :])
    )
    assert np.bitwise_count(apart).sum(axis=1, dtype=int).max() <= 12


def test_each_cut_has_its_own():
    assert len({each.tobytes() for each in by_cut(cut_fingerprints(picture(0)))}) == len(views.CUTS)


def test_grey_and_the_same_in_colour_are_one():
    assert cut_fingerprints(picture(0)) == cut_fingerprints(picture(0).convert("RGB"))


def test_a_picture_of_one_level_shows_nothing():
    flat = by_cut(cut_fingerprints(PIL.Image.new("L", (50, 40), 90)))
    assert np.bitwise_count(flat).sum(axis=1, dtype=int).max() < 64
