"""How often the 95 % intervals hold the truth, by simulation of answers that depend on their images."""

import numpy as np
import pytest

from doctorsun.eval.bootstrap import bootstrap_interval
from doctorsun.eval.statistics import macro_interval, mean_interval

NOMINAL = (0.93, 0.97)
WORLDS = [
    pytest.param(60, (5,), (2, 1), id="images of five questions"),
    pytest.param(60, (1, 2, 3, 9), (2, 1), id="images of unlike sizes"),
    pytest.param(203, (1, 2, 3, 4), (3, 1), id="as many images as VQA-RAD tests"),
    pytest.param(96, (11,), (6, 2), id="as many images as SLAKE tests"),
    pytest.param(100, (1,), (19, 1), id="a share near one"),
    pytest.param(30, (4,), (1, 1), id="few images"),
    pytest.param(50, (8,), (0.5, 0.5), id="images all right or all wrong"),
]


def coverage(num_images: int, sizes: tuple[int, ...], skill: tuple[float, float], runs: int) -> float:
    """Return how often the interval holds the mean skill; each image has a skill of its own, drawn from a beta law."""
    rng = np.random.default_rng(1)
    per_image = rng.choice(sizes, size=num_images)
    clusters = np.repeat(np.arange(num_images), per_image).astype(str).tolist()
    truth, held = skill[0] / sum(skill), 0
    for _ in range(runs):
        chance = np.repeat(rng.beta(*skill, size=num_images), per_image)
        result = mean_interval((rng.random(len(chance)) < chance).astype(float).tolist(), clusters)
        held += result.low <= truth <= result.high
    return held / runs


@pytest.mark.parametrize(("num_images", "sizes", "skill"), WORLDS)
def test_an_interval_of_95_percent_holds_the_truth_in_93_to_97(num_images, sizes, skill):
    assert NOMINAL[0] <= coverage(num_images, sizes, skill, runs=1500) <= NOMINAL[1]


@pytest.mark.slow
@pytest.mark.parametrize(("num_images", "sizes", "skill"), WORLDS)
def test_the_same_with_ten_times_the_runs(num_images, sizes, skill):
    assert NOMINAL[0] <= coverage(num_images, sizes, skill, runs=15_000) <= NOMINAL[1]


def test_a_mean_over_types_is_held_as_often():
    rng = np.random.default_rng(2)
    types = np.tile([0, 0, 0, 1, 1, 2], 80)
    clusters = np.repeat(np.arange(80), 6).astype(str).tolist()
    truth, held, runs = np.mean([0.75, 0.5, 0.9]), 0, 1000
    for _ in range(runs):
        skill = np.repeat(rng.uniform(-0.1, 0.1, size=80), 6) + np.array([0.75, 0.5, 0.9])[types]
        right = (rng.random(len(skill)) < skill).astype(float)
        result = macro_interval(right.tolist(), clusters, types.astype(str).tolist())
        held += result.low <= truth <= result.high

    assert NOMINAL[0] <= held / runs <= NOMINAL[1]


def test_graded_values_are_held_as_often():
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(70), 3).astype(str).tolist()
    held, runs = 0, 1000
    for _ in range(runs):
        centre = np.repeat(rng.beta(4, 2, size=70), 3)
        result = mean_interval(rng.beta(6 * centre, 6 * (1 - centre)).tolist(), clusters)
        held += result.low <= 4 / 6 <= result.high

    assert NOMINAL[0] <= held / runs <= NOMINAL[1]


def f1_of(totals: np.ndarray) -> np.ndarray:
    """Return F1 of totals of answers that are found, said wrongly and missed."""
    hits, wrong, missed = (totals[..., place] for place in range(3))
    return 2 * hits / (2 * hits + wrong + missed)


@pytest.mark.parametrize(("num_images", "per_image"), [(40, 5), (150, 2)])
def test_a_metric_over_all_answers_is_held_as_often(num_images, per_image):
    rng = np.random.default_rng(4)
    clusters = np.repeat(np.arange(num_images), per_image).astype(str).tolist()
    held, runs, rates = 0, 400, np.array([0.5, 0.2, 0.3])
    for _ in range(runs):
        mixed = np.repeat(rng.dirichlet(4 * rates, size=num_images), per_image, axis=0)
        sums = np.array([rng.multinomial(1, each) for each in mixed], dtype=float)
        result = bootstrap_interval(sums, clusters, f1_of)
        held += result.low <= f1_of(rates) <= result.high

    assert NOMINAL[0] <= held / runs <= NOMINAL[1]
