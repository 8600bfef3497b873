"""Windowing follows the DICOM formula."""

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.intensity import apply_window, to_uint8


@pytest.mark.parametrize(("center", "width"), [(40.0, 400.0), (-600.0, 1500.0), (128.0, 256.0), (50.0, 2.0)])
def test_window_follows_the_clause_value_by_value(center, width):
    values = np.linspace(center - width, center + width, 37)
    expected = []
    for x in values:
        if x <= center - 0.5 - (width - 1) / 2:
            expected.append(0.0)
        elif x > center - 0.5 + (width - 1) / 2:
            expected.append(255.0)
        else:
            expected.append(((x - (center - 0.5)) / (width - 1) + 0.5) * 255)
    assert np.abs(apply_window(values, center=center, width=width) - np.array(expected)).max() <= 0.5


def test_width_of_one_is_a_threshold():
    assert apply_window(np.array([9.0, 9.5, 9.6]), center=10, width=1).tolist() == [0, 0, 255]


def test_width_below_one_is_refused():
    with pytest.raises(ImageError, match=r"window width: got 0, expected 1 or more \(DICOM PS3.3 C.11.2.1.2\)"):
        apply_window(np.zeros(3), center=0, width=0)


def test_shares_are_clipped_and_rounded():
    assert to_uint8(np.array([-1.0, 0.0, 0.499, 1.0, 2.0])).tolist() == [0, 0, 127, 255, 255]
