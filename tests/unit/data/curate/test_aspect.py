"""Images that are strips."""

import numpy as np
import pytest
from small_samples import encoded, shown

from doctorsun.config.curation import Aspect
from doctorsun.data.curate.aspect import aspect
from doctorsun.data.curate.candidate import Rejected


@pytest.mark.parametrize(("height", "width"), [(30, 30), (30, 240), (240, 30)])
def test_images_that_are_not_too_long_pass(height, width):
    candidate = shown(encoded(np.zeros((height, width), np.uint8)))
    assert aspect(candidate, Aspect()) is candidate.sample


@pytest.mark.parametrize(("height", "width"), [(30, 241), (241, 30)])
def test_strips_are_refused(height, width):
    candidate = shown(encoded(np.zeros((height, width), np.uint8)))
    assert aspect(candidate, Aspect()) == Rejected("strip", f"{width} x {height} px")
