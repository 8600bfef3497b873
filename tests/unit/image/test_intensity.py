"""Windowing follows the DICOM formula."""

import math

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window, apply_window, ct_window, percentile_window, to_uint8


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


def test_exact_window_follows_the_clause():
    values = np.array([-60.0, -50.0, 0.0, 25.0, 50.0, 60.0])  # C.11.2.1.3.2, centre 0, width 100
    expected = [0, 0, 128, 191, 255, 255]
    assert apply_window(values, center=0, width=100, function="LINEAR_EXACT").tolist() == expected


def test_sigmoid_window_follows_the_clause():
    values = np.array([-1e6, -50.0, 0.0, 50.0, 1e6])  # C.11.2.1.3.1, centre 0, width 100
    expected = [0, round(255 / (1 + math.e**2)), 128, round(255 / (1 + math.e**-2)), 255]
    assert Window(0, 100, "SIGMOID").apply(values).tolist() == expected


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_other_functions_need_a_width_above_zero(function):
    with pytest.raises(ImageError, match=r"window width: got -1, expected more than 0"):
        apply_window(np.zeros(3), center=0, width=-1, function=function)
    assert apply_window(np.array([-1.0, 1.0]), center=0, width=0.01, function=function).tolist() == [0, 255]


def test_windows_of_computed_tomography():
    lung = ct_window("lung")
    assert (lung.center, lung.width, lung.unit) == (-600, 1500, "HU")
    assert lung.apply(np.array([-1400, 200])).tolist() == [0, 255]
    with pytest.raises(ImageError, match=r"CT window: got 'lunge', expected one of abdomen, bone, brain"):
        ct_window("lunge")


def test_percentiles_leave_out_what_is_rare():
    values = np.concatenate([np.linspace(0, 1000, 1001), [1e9, np.nan]])
    window = percentile_window(values)
    assert window.center - window.width / 2 == pytest.approx(np.percentile(values[:-1], 0.5))
    assert window.center + window.width / 2 == pytest.approx(np.percentile(values[:-1], 99.5))


def test_percentiles_of_a_rare_signal_fall_back_to_its_range():
    values = np.zeros(1000)
    values[0] = 8
    window = percentile_window(values)
    assert (window.center, window.width) == (4, 8)


def test_one_value_is_grey():
    values = np.full((3, 3), 7)
    assert np.unique(percentile_window(values).apply(values)).tolist() == [128]


def test_no_finite_value_is_an_error():
    with pytest.raises(ImageError, match="image values: got none that is finite"):
        percentile_window(np.array([np.nan, np.inf]))
