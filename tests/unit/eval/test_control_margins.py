"""How far a model lies above itself with another image."""

import pytest

from doctorsun.eval.control_margins import control_margins


@pytest.fixture
def make_rows(make_prediction):
    """Return a maker of 60 answers under a control, so many of them right."""

    def make(control, num_right, **fields):
        return [
            make_prediction(
                id=str(number),
                cluster=str(number),
                image_control=control,
                output="yes" if number < num_right else "no",
                **fields,
            )
            for number in range(60)
        ]

    return make


def test_the_margin_over_each_control_is_paired_and_corrected_together(make_rows):
    rows = [*make_rows("shuffled", 45), *make_rows("real", 50), *make_rows("blank", 20)]

    found = [row for row in control_margins(rows) if row.metric == "accuracy"]

    assert [(row.one, row.other) for row in found] == [("blank", "real"), ("shuffled", "real")]
    assert found[0].difference == pytest.approx(0.5)
    assert found[1].only_other == 5
    corrected = [row for row in control_margins(rows) if row.p_holm is not None]
    assert [row.is_different for row in corrected] == [True, False]
    assert corrected[0].p_holm == pytest.approx(2 * corrected[0].p)


def test_what_a_control_could_not_ask_is_left_out_on_both_sides(make_rows):
    failed = make_rows("shuffled", 0, status="error")[:40]

    found = control_margins([*make_rows("real", 50), *failed, *make_rows("shuffled", 45)[40:]])

    assert {row.n for row in found} == {20}


def test_without_controls_there_are_no_margins(make_rows):
    assert control_margins(make_rows("real", 50)) == []
    assert control_margins(make_rows("blank", 50)) == []
    assert control_margins([*make_rows("real", 9), *make_rows("blank", 0, status="error")]) == []
