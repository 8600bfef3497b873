"""Calibration and abstention from the likelihoods of options."""

import numpy as np
import pytest

from doctorsun.errors import DataError
from doctorsun.eval.calibration import calibrate, expected_calibration_error, fit_temperature
from doctorsun.eval.choices import Choice


def choices(num, *, sharpness=1.0, num_options=3, seed=0):
    """Return questions, three to an image, whose right option is drawn from the stated odds, told too sharply."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(num):
        logits = rng.normal(0, 2, size=num_options)
        odds = np.exp(logits) / np.exp(logits).sum()
        gold = int(rng.choice(num_options, p=odds))
        found.append(Choice(str(number), f"image-{number // 3}", tuple((logits * sharpness).tolist()), gold))
    return found


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_was_told_too_sharply(sharpness):
    assert fit_temperature(choices(3000, sharpness=sharpness)) == pytest.approx(sharpness, rel=0.1)


def test_likelihoods_told_too_sharply_are_better_after_the_temperature():
    result = calibrate(choices(3000, sharpness=4.0))

    assert result.ece_raw > 0.15
    assert result.ece < 0.04
    assert result.brier < result.brier_raw
    assert result.nll < result.nll_raw
    assert result.num_fitted + result.num_measured == 3000
    assert result.num_clusters == 1000
    assert sum(each.n for each in result.reliability) == result.num_measured


def test_the_numbers_do_not_depend_on_the_sharpness_where_only_the_order_counts():
    soft, sharp = calibrate(choices(900)), calibrate(choices(900, sharpness=4.0))

    assert soft.accuracy == sharp.accuracy
    assert soft.brier == pytest.approx(sharp.brier, abs=0.001)
    assert soft.nll == pytest.approx(sharp.nll, abs=0.001)


def test_calibration_error_of_known_bins():
    confidence = np.repeat(np.linspace(0.05, 0.95, 10), 10)
    right = np.concatenate([np.arange(10) < 10 * level for level in np.linspace(0, 0.9, 10)]).astype(float)

    assert expected_calibration_error(confidence, right) == pytest.approx(0.05)
    assert expected_calibration_error(np.ones(7), np.ones(7)) == 0


def test_risk_falls_with_coverage_and_lies_between_the_best_and_chance():
    result = calibrate(choices(3000))

    assert result.aurc_best < result.aurc < 1 - result.accuracy
    last = result.risk_coverage[-1]
    assert (last.coverage, last.risk) == (1, pytest.approx(1 - result.accuracy))
    assert result.risk_coverage[0].threshold > last.threshold


def test_confidence_that_tells_nothing_has_the_risk_of_all_answers():
    rng = np.random.default_rng(1)
    flat = [Choice(str(i), str(i), (0.0, 0.0), int(rng.integers(2))) for i in range(400)]

    result = calibrate(flat)

    assert result.accuracy == 0.5
    assert result.aurc == pytest.approx(0.5)


def test_abstention_holds_the_wanted_risk_on_questions_that_did_not_choose_it():
    by_target = {each.target_risk: each for each in calibrate(choices(4000)).abstention}

    assert by_target[0.1].risk < 0.1
    assert by_target[0.05].coverage < by_target[0.1].coverage < by_target[0.2].coverage < 1
    assert by_target[0.1].low <= by_target[0.1].risk <= by_target[0.1].high


def test_where_no_threshold_holds_the_risk_none_is_named():
    rng = np.random.default_rng(2)
    wrong = [Choice(str(i), str(i), (float(rng.normal()), 0.0), int(rng.integers(2))) for i in range(200)]

    assert [each.threshold for each in calibrate(wrong).abstention] == [None, None, None]


def test_halves_share_no_image_and_their_order_does_not_count():
    result = calibrate(choices(300))

    assert result == calibrate(choices(300)[::-1])
    assert 0 < result.num_fitted < 300
    assert result.num_fitted % 3 == 0


def test_a_temperature_at_the_bound_of_the_search_is_told():
    always_right = [Choice(str(i), str(i), (1.0, 0.0), 0) for i in range(60)]
    worse_than_chance = [Choice(str(i), str(i), (5.0, 0.0), 1) for i in range(60)]

    assert [calibrate(each).at_bound for each in (always_right, worse_than_chance)] == [True, True]
    assert not calibrate(choices(300)).at_bound


def test_too_few_images_are_refused():
    with pytest.raises(DataError, match=r"calibration: got \d images in a half, expected at least 10"):
        calibrate(choices(30))
