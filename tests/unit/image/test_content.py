"""How much of a picture is content."""

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.image.content import content_share
from doctorsun.image.fingerprint import small_grey_of


def test_a_small_grey_picture_has_the_means_of_a_large_one():
    ramp = np.tile(np.linspace(0, 255, 640).astype(np.uint8), (320, 1))
    found = small_grey_of(PIL.Image.fromarray(ramp))
    assert found.shape == (64, 64)
    assert found.dtype == np.float32
    assert np.abs(found - ramp.reshape(64, 5, 64, 10).mean(axis=(1, 3))).max() < 3


@pytest.mark.parametrize(("background", "content"), [(0, 200), (255, 30), (128, 140), (0, 255)])
def test_what_differs_from_the_commonest_level_is_content(background, content):
    grey = np.full((8, 10), background, np.float32)
    grey[:2] = content
    assert content_share(grey) == pytest.approx(0.25 if abs(background - content) > 10 else 0)


def test_noise_is_no_content():
    grey = np.random.default_rng(0).uniform(28, 36, (64, 64)).astype(np.float32)
    assert content_share(grey) == 0


@given(st.integers(0, 255), st.integers(0, 255))
def test_light_and_dark_count_alike(one, other):
    grey = np.full((4, 8), one, np.float32)
    grey[0] = other
    assert content_share(grey) == content_share(np.float32(255) - grey)
