"""Images that are too small."""

import numpy as np
import pytest
from small_samples import encoded, said, shown

from doctorsun.config.curation import SmallestSide
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.smallest_side import smallest_side


@pytest.mark.parametrize(("height", "width"), [(28, 28), (28, 400), (400, 28)])
def test_images_of_the_least_side_pass(height, width):
    candidate = shown(encoded(np.zeros((height, width), np.uint8)))
    assert smallest_side(candidate, SmallestSide()) is candidate.sample


def test_every_image_counts():
    candidate = shown(encoded(np.zeros((64, 48), np.uint8)), encoded(np.zeros((27, 400), np.uint8)))
    assert smallest_side(candidate, SmallestSide()) == Rejected("too_small", "400 x 27 px")
    assert smallest_side(candidate, SmallestSide(least_px=27)) is candidate.sample


def test_words_alone_pass():
    candidate = said("a", "b")
    assert smallest_side(candidate, SmallestSide()) is candidate.sample
