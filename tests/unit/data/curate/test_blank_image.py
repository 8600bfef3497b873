"""Images of background alone."""

import numpy as np
import pytest
from small_samples import encoded, shown

from doctorsun.config.curation import BlankImage
from doctorsun.data.curate.blank_image import blank_image
from doctorsun.data.curate.candidate import Rejected

SIDE = 256
GLASS, TISSUE = (512, 20), (2048, 2048)  # places on a slide
NOISE = np.random.default_rng(5).normal(0, 12, (SIDE, SIDE))


def picture(background, content=0.0, level=200):
    """Return noise with a centred square of another level that takes so large a share."""
    pixels = np.full((SIDE, SIDE), float(background)) + NOISE
    half = round(SIDE * content**0.5 / 2)
    middle = SIDE // 2
    pixels[middle - half : middle + half, middle - half : middle + half] += level - background
    return encoded(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("modality", ["ct", "mr", "histology", "ultrasound", "chest_xray", "colonoscopy", ""])
@pytest.mark.parametrize("background", [20, 235])
def test_background_is_refused_and_content_passes(modality, background):
    blank = blank_image(shown(picture(background), modality=modality), BlankImage())
    assert isinstance(blank, Rejected)
    assert blank.reason == "blank"
    candidate = shown(picture(background, 0.1, level=128), modality=modality)
    assert blank_image(candidate, BlankImage()) is candidate.sample


def test_the_least_content_is_that_of_the_modality():
    small = picture(235, 0.008, level=100)
    biopsy = shown(small, modality="histology")
    assert blank_image(biopsy, BlankImage()) is biopsy.sample
    assert isinstance(blank_image(shown(small, modality="ct"), BlankImage()), Rejected)


def test_menus_around_an_ultrasound_frame_are_no_content():
    frame = np.zeros((SIDE, SIDE), np.uint8)
    frame[:40] = 90
    assert isinstance(blank_image(shown(encoded(frame), modality="ultrasound"), BlankImage()), Rejected)
    candidate = shown(encoded(frame), modality="ct")
    assert blank_image(candidate, BlankImage()) is candidate.sample


def test_tissue_of_a_real_slide_passes_and_its_glass_is_refused(test_data):
    openslide = pytest.importorskip("openslide")
    path = test_data / "histolab_wsi/tests/fixtures/svs-images/tcga-cr-7395-01a-01-ts1.svs"
    with openslide.OpenSlide(str(path)) as slide:
        tiles = [np.asarray(slide.read_region(place, 0, (480, 224)).convert("RGB")) for place in (GLASS, TISSUE)]
    glass, tissue = (shown(encoded(tile), modality="histology") for tile in tiles)
    assert isinstance(blank_image(glass, BlankImage()), Rejected)
    assert blank_image(tissue, BlankImage()) is tissue.sample
