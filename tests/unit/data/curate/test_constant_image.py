"""Images of one value."""

import numpy as np
import pytest
from small_samples import encoded, shown

from doctorsun.config.curation import ConstantImage
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.constant_image import constant_image

RAMP = np.tile(np.linspace(100, 115, 32).astype(np.uint8), (32, 1))


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_one_value_is_refused_in_grey_and_in_colour(value, form):
    for shape in ((32, 40), (32, 40, 3)):
        found = constant_image(shown(encoded(np.full(shape, value, np.uint8), form)), ConstantImage())
        assert found == Rejected("constant", "values within 0 of 255 levels")


def test_the_range_decides():
    candidate = shown(encoded(RAMP))
    assert constant_image(candidate, ConstantImage()) == Rejected("constant", "values within 15 of 255 levels")
    assert constant_image(candidate, ConstantImage(least_range=15)) is candidate.sample


def test_one_channel_that_varies_is_enough():
    colour = np.full((32, 32, 3), 90, np.uint8)
    colour[:16, :, 2] = 120
    candidate = shown(encoded(colour))
    assert constant_image(candidate, ConstantImage()) is candidate.sample
