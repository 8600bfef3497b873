"""Tissue is found by the colour of its stain."""

import numpy as np
import PIL.Image
import pytest

from doctorsun.image.tissue import otsu_threshold, tissue_mask

GLASS, STAIN, INK = (242, 241, 243), (190, 110, 170), (20, 18, 25)


def slide(*patches: tuple[tuple[int, int, int], slice, slice]) -> np.ndarray:
    picture = np.full((120, 160, 3), GLASS, np.uint8)
    for colour, rows, columns in patches:
        picture[rows, columns] = colour
    noise = np.random.default_rng(0).integers(-4, 5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_stain_is_tissue_and_glass_is_not():
    mask = tissue_mask(slide((STAIN, slice(30, 90), slice(40, 100))))
    expected = np.zeros((120, 160), bool)
    expected[30:90, 40:100] = True
    assert np.array_equal(mask, expected)


def test_tissue_at_the_edge_is_kept_and_small_holes_are_filled():
    picture = slide((STAIN, slice(0, 60), slice(0, 60)), (GLASS, slice(30, 32), slice(30, 32)))
    mask = tissue_mask(picture)
    assert mask[:60, :60].all()
    assert not mask[70:].any()


def test_a_slide_that_is_all_tissue_is_not_halved():
    ramp = np.linspace(60, 140, 160)[None, :, None] * np.array([0, 1, 0]) + np.array([200, 0, 180])
    assert tissue_mask(np.broadcast_to(ramp, (120, 160, 3)).astype(np.uint8)).all()


@pytest.mark.parametrize("picture", [slide(), slide((INK, slice(0, 120), slice(0, 20)))], ids=["empty", "black edge"])
def test_glass_and_black_edges_hold_no_tissue(picture):
    assert not tissue_mask(picture).any()


def test_dust_is_left_out():
    assert not tissue_mask(slide((STAIN, slice(50, 51), slice(50, 51)))).any()


def test_otsu_parts_two_classes_as_an_exhaustive_search_does():
    rng = np.random.default_rng(1)
    values = np.clip(np.concatenate([rng.normal(0.2, 0.05, 3000), rng.normal(0.6, 0.1, 1000)]), 0, 0.999)
    bins = np.floor(values * 256)

    def spread(edge: int) -> float:
        low, high = bins[bins < edge], bins[bins >= edge]
        return len(low) * len(high) * (low.mean() - high.mean()) ** 2 if len(low) and len(high) else 0.0

    assert otsu_threshold(values) == max(range(1, 256), key=spread) / 256


def test_otsu_of_nothing_and_of_one_value():
    assert otsu_threshold(np.array([])) == 0
    assert otsu_threshold(np.full(9, 0.5)) == 0


def test_real_tiles(test_data):
    tiles = test_data / "histolab_wsi" / "tests" / "fixtures" / "tiles"
    for name, least, most in (
        ("no-tissue.png", 0, 0.02),
        ("no-tissue2.png", 0, 0.02),
        ("almost-white-1.png", 0, 0.02),
        ("tissue-level0-4302-10273-4814-10785.png", 0.4, 0.6),  # loose, with glass between the fibres
        ("tissue-level0-7352-11762-7864-12274.png", 0.7, 0.9),
        ("medium-nuclei-score-green-pen-level1.png", 0.5, 1),
    ):
        with PIL.Image.open(tiles / name) as picture:
            share = tissue_mask(np.asarray(picture.convert("RGB"))).mean()
        assert least <= share <= most, (name, share)
