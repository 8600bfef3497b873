"""Comparison of two models on the same questions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from doctorsun.eval.comparison import compare, holm
from doctorsun.eval.pairing import Side


@pytest.fixture
def make_side(make_prediction):
    """Return a maker of sides: right or wrong yes-or-no answers, so many to each image."""

    def make(name, right, *, per_image=1, **fields):
        rows = [
            make_prediction(
                id=str(number), output="yes" if is_right else "no", cluster=str(number // per_image), **fields
            )
            for number, is_right in enumerate(right)
        ]
        return Side(name=name, predictions=rows, protocols={})

    return make


def headline(found):
    return next(row for row in found if row.p_holm is not None)


def test_a_clear_difference_is_told_with_its_interval_and_exact_test(make_side):
    one, other = make_side("one", [1] * 50 + [0] * 50), make_side("other", [1] * 45 + [0] * 5 + [1] * 25 + [0] * 25)

    row = next(row for row in compare([(one, other)]) if row.metric == "accuracy")

    assert (row.value_one, row.value_other, row.difference) == (0.5, 0.7, pytest.approx(0.2))
    assert (row.only_one, row.only_other) == (5, 25)
    assert row.p_mcnemar == pytest.approx(binomtest(5, 30).pvalue)
    assert row.p == max(row.p_mcnemar, row.p_clustered) < 0.01
    assert 0 < row.low < 0.2 < row.high < 0.4
    assert (row.n, row.num_clusters, row.one, row.other) == (100, 100, "one", "other")


def test_equal_answers_do_not_differ_as_far_as_so_few_images_can_tell(make_side):
    row = headline(compare([(make_side("one", [1, 0] * 20), make_side("other", [1, 0] * 20))]))

    assert (row.difference, row.p, row.is_different) == (0, 1, False)
    assert row.low == -row.high == pytest.approx(-0.088, abs=0.001)  # Clopper and Pearson's end of 0 of 40
    assert row.detectable == row.high


def test_answers_about_one_image_count_as_few(make_side):
    right, better = [1] * 40 + [0] * 40, [1] * 60 + [0] * 20
    apart = headline(compare([(make_side("one", right), make_side("other", better))]))
    together = headline(compare([(make_side("one", right, per_image=20), make_side("other", better, per_image=20))]))

    assert apart.is_different
    assert not together.is_different
    assert together.high - together.low > 2 * (apart.high - apart.low)
    assert together.detectable > 2 * apart.detectable


def test_one_image_tells_nothing(make_side):
    row = headline(compare([(make_side("one", [0] * 9, per_image=9), make_side("other", [1] * 9, per_image=9))]))

    assert (row.low, row.high, row.p, row.detectable) == (-1, 1, 1, 1)


def test_the_first_metric_stands_for_the_protocol_of_another_kit(make_prediction):
    one, other = (
        Side(
            name=name,
            predictions=[
                make_prediction(id=str(i), kind="open", gold=("left lung",), output=said, cluster=str(i))
                for i in range(20)
            ],
            protocols={},
        )
        for name, said in (("one", "left"), ("other", "left lung"))
    )

    assert headline(compare([(one, other)], ["llava_med@1"])).metric == "recall"


def test_graded_metrics_and_those_over_all_answers_have_no_mcnemar(make_prediction):
    texts = ["left lung", "left", "right lung", "a cyst"]
    one, other = (
        Side(
            name=name,
            predictions=[
                make_prediction(id=str(i), kind="open", gold=(text,), output=said or text, cluster=str(i))
                for i, text in enumerate(texts * 5)
            ],
            protocols={},
        )
        for name, said in (("one", "left"), ("other", ""))
    )

    found = {row.metric: row for row in compare([(one, other)])}

    assert found["f1"].p_mcnemar is None
    assert found["f1"].p_holm == found["f1"].p_clustered < 0.05
    assert found["exact"].p_holm is None
    assert found["exact"].only_other == 15
    assert found["f1"].value_other == 1


def test_the_mean_over_types_weighs_them_alike(make_side):
    one, other = make_side("one", [1] * 60), make_side("other", [1] * 54 + [0] * 6)
    sides = [
        replace(
            side,
            predictions=[
                replace(row, question_type="rare" if int(row.id) >= 54 else "common") for row in side.predictions
            ],
        )
        for side in (one, other)
    ]

    found = {row.metric: row for row in compare([tuple(sides)])}

    assert found["macro_accuracy"].difference == pytest.approx(-0.5)
    assert found["accuracy"].difference == pytest.approx(-0.1)


def test_languages_and_tasks_are_compared_apart_and_corrected_together(make_side):
    right, better = [1] * 20 + [0] * 20, [1] * 28 + [0] * 12
    english = make_side("one", right, task="a"), make_side("other", better, task="a")
    chinese = make_side("one", right, task="b", language="zh"), make_side("other", better, task="b", language="zh")

    rows = [row for row in compare([english, chinese]) if row.p_holm is not None]

    assert [(row.task, row.language) for row in rows] == [("a", "en"), ("b", "zh")]
    assert max(row.p_holm for row in rows) == pytest.approx(2 * min(row.p for row in rows))


def test_holm_steps_down():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_models_alike_are_rarely_called_different(make_side):
    """Two models with one skill per image: the test of 5 % must not say more often that they differ."""
    rng = np.random.default_rng(4)
    said, runs = 0, 100
    for _ in range(runs):
        skill = np.repeat(rng.beta(2, 1, size=40), 4)
        sides = [make_side(name, rng.random(160) < skill, per_image=4) for name in ("one", "other")]
        said += next(row.p_clustered < 0.05 for row in compare([tuple(sides)]) if row.metric == "accuracy")

    assert said / runs <= 0.09
