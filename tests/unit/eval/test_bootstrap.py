"""Intervals of metrics that are no means: against the normal theory, at their ends, and by simulation."""

import math

import numpy as np
import pytest

from doctorsun.eval.bootstrap import bootstrap_interval, drawn
from doctorsun.eval.statistics import mean_interval


def share(sums):
    """Return hits over answers."""
    return sums[..., 0] / sums[..., 1]


def rows(hits):
    return np.stack([np.asarray(hits, dtype=float), np.ones(len(hits))], axis=1)


def test_the_interval_of_a_share_is_as_wide_as_theory_says():
    hits = [1, 0, 0, 1, 1] * 80

    interval = bootstrap_interval(rows(hits), [str(number) for number in range(400)], share)

    assert interval.value == 0.6
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * math.sqrt(0.24 / 400), rel=0.06)


def test_answers_of_one_image_are_drawn_together():
    hits = [1, 1, 1, 1, 0, 0, 0, 0] * 40
    alone = bootstrap_interval(rows(hits), [str(number) for number in range(320)], share)
    together = bootstrap_interval(rows(hits), [str(number // 4) for number in range(320)], share)

    assert together.num_clusters == 80
    assert together.high - together.low == pytest.approx(2 * (alone.high - alone.low), rel=0.1)


def test_the_same_answers_have_the_same_interval():
    sums = rows([1, 0, 1, 1, 0])
    clusters = list("abcde")

    assert bootstrap_interval(sums, clusters, share) == bootstrap_interval(sums, clusters, share)


@pytest.mark.parametrize("hit", [0, 1])
def test_where_all_agree_the_interval_is_that_of_as_many_clusters(hit):
    interval = bootstrap_interval(rows([hit] * 12), [str(number // 2) for number in range(12)], share)

    assert interval == mean_interval([hit] * 6, list("abcdef"))


def test_one_image_tells_nothing():
    interval = bootstrap_interval(rows([1, 0]), ["a", "a"], share)

    assert (interval.low, interval.value, interval.high) == (0, 0.5, 1)


def test_draws_in_pieces_number_as_many_as_asked():
    draws = drawn(rows([1, 0] * 1500), share, num_draws=1400)

    assert draws.shape == (1400,)
    assert draws.mean() == pytest.approx(0.5, abs=0.002)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        by_image = rng.beta(3, 2, size=40)
        hits = rng.random((40, 3)) < by_image[:, None]
        interval = bootstrap_interval(rows(hits.ravel()), [str(image) for image in range(40) for _ in range(3)], share)
        held += interval.low <= 0.6 <= interval.high
    assert 0.93 <= held / 400 <= 0.97
