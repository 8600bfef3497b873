"""Intervals of means over clustered answers."""

import numpy as np
import pytest
from scipy.stats import binomtest

from doctorsun.errors import DataError
from doctorsun.eval.statistics import macro_interval, mean_interval


def test_all_right_is_exactly_one_with_an_interval_that_the_images_decide():
    clusters = [f"image-{number % 10}" for number in range(490)]

    result = mean_interval([1.0] * 490, clusters)

    assert result.value == 1
    assert result.high == 1
    assert 0.6 < result.low < 0.75
    assert result.num_clusters == 10


def test_all_wrong_mirrors_all_right():
    clusters = [str(number // 7) for number in range(49)]

    right, wrong = mean_interval([1.0] * 49, clusters), mean_interval([0.0] * 49, clusters)

    assert (wrong.value, wrong.low) == (0, 0)
    assert wrong.high == pytest.approx(1 - right.low)


def test_one_image_tells_nothing_about_others():
    result = mean_interval([1.0, 0.0, 1.0], ["a", "a", "a"])

    assert (result.low, result.high) == (0, 1)
    assert result.value == pytest.approx(2 / 3)


def test_two_images_tell_little():
    result = mean_interval([1.0, 1.0, 0.0, 1.0], ["a", "a", "b", "b"])

    assert result.high - result.low > 0.9


def test_independent_answers_give_the_wilson_interval():
    values = [1.0] * 300 + [0.0] * 100

    result = mean_interval(values, [str(number) for number in range(400)])

    wilson = binomtest(300, 400).proportion_ci(method="wilson")
    assert result.low == pytest.approx(wilson.low, abs=0.002)
    assert result.high == pytest.approx(wilson.high, abs=0.002)


def test_dependent_answers_widen_the_interval():
    values = ([1.0] * 10 + [0.0] * 10) * 10
    apart = mean_interval(values, [str(number) for number in range(200)])
    together = mean_interval(values, [str(number // 10) for number in range(200)])

    assert together.high - together.low > 2.5 * (apart.high - apart.low)


def test_a_constant_answer_to_balanced_questions_has_no_zero_width():
    values = [1.0, 0.0] * 20

    result = mean_interval(values, [str(number // 2) for number in range(40)])

    assert result.high - result.low > 0.2


def test_macro_average_weighs_types_alike():
    values = [1.0] * 90 + [0.0] * 10
    groups = ["common"] * 90 + ["rare"] * 10

    result = macro_interval(values, [str(number) for number in range(100)], groups)

    assert result.value == 0.5
    assert mean_interval(values, groups).value == pytest.approx(0.9)


def test_macro_interval_agrees_with_a_bootstrap_over_images():
    rng = np.random.default_rng(3)
    num_images, per_image = 150, 6
    skill = rng.beta(3, 1, size=(num_images, 1))
    right = (rng.random((num_images, per_image)) < skill).astype(float)
    types = np.array([0, 0, 0, 1, 1, 2])

    draws = rng.multinomial(num_images, [1 / num_images] * num_images, size=3000)
    means = np.stack([(draws @ right[:, types == kind]).sum(1) / num_images / sum(types == kind) for kind in range(3)])
    low, high = np.percentile(means.mean(0), [2.5, 97.5])
    clusters = [str(number) for number in range(num_images) for _ in range(per_image)]
    result = macro_interval(right.ravel().tolist(), clusters, [str(kind) for kind in types] * num_images)

    assert result.low == pytest.approx(low, abs=0.01)
    assert result.high == pytest.approx(high, abs=0.01)


def test_graded_values_are_taken():
    result = mean_interval([0.2, 0.4, 0.6, 0.8], ["a", "b", "c", "d"])

    assert result.value == pytest.approx(0.5)
    assert 0 <= result.low < 0.5 < result.high <= 1


def test_graded_values_that_hardly_differ_keep_an_interval():
    result = mean_interval([1e-180, 2e-180, 0.0], ["a", "b", "c"])

    assert result.low <= result.value <= result.high
    assert result.high > 0.01


def test_no_answers_have_no_mean():
    with pytest.raises(DataError, match="mean of no answers: expected at least one answer"):
        mean_interval([], [])


def test_values_outside_a_share_are_refused():
    with pytest.raises(DataError, match=r"values of a share: got 0.0 to 1.5, expected 0 to 1"):
        mean_interval([0.0, 1.5], ["a", "b"])
