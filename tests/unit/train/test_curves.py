import math

from doctorsun.train.curves import curves_of


def test_numbers_of_a_step_are_curves_and_nested_ones_are_named_by_path() -> None:
    event = {
        "event": "step",
        "stage": "align",
        "step": 3,
        "time": 1.5,
        "loss": 2,
        "text": "no number",
        "is_last": True,
        "loss_by_source": {"phantom": 1.5, "shapes": math.nan},
    }
    assert curves_of(event) == {"loss": 2.0, "loss_by_source/phantom": 1.5}


def test_other_measurements_stand_under_their_own_name() -> None:
    event = {"event": "validation", "stage": "align", "step": 3, "loss": 2.5, "best_step": 2, "time": 1.0}
    assert curves_of(event) == {"validation/loss": 2.5}


def test_what_is_no_measurement_has_no_curve() -> None:
    assert curves_of({"event": "stage_start", "stage": "align", "num_steps": 3}) == {}
