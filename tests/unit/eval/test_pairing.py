"""Pairs of answers to the same question."""

from dataclasses import replace

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.comparison import compare
from doctorsun.eval.pairing import Side, paired


@pytest.fixture
def side(make_prediction):
    rows = [make_prediction(id=name, cluster=name, prompt=f"{name}? Yes or no.") for name in "abc"]
    return Side(name="one", predictions=rows, protocols={"closed": ("polarity@2",)})


def test_answers_are_paired_by_id_whatever_their_order(side):
    other = replace(side, name="other", predictions=side.predictions[::-1])

    assert [(one.id, two.id) for one, two in paired(side, other)] == [("a", "a"), ("b", "b"), ("c", "c")]


def test_controls_are_not_paired(side):
    blank = [replace(row, image_control="blank") for row in side.predictions]
    both = replace(side, predictions=[*blank, *side.predictions])

    assert len(paired(side, both)) == 3
    with pytest.raises(DataError, match="answers of one: got none with the real images, expected at least one"):
        paired(replace(side, predictions=blank), side)


def test_a_question_that_one_alone_was_asked_is_named(side):
    fewer = replace(side, name="other", predictions=side.predictions[:2])

    message = "task phantom: not the same questions: got 1 that only one was asked, the first c 'Is there a nodule.'"
    with pytest.raises(DataError, match=message):
        paired(side, fewer)
    with pytest.raises(DataError, match="got 1 that only one was asked"):
        paired(fewer, side)


@pytest.mark.parametrize(
    ("field", "value"),
    [("question", "Is there a cyst?"), ("gold", ("no",)), ("language", "zh"), ("prompt", "a? Think first.")],
)
def test_what_was_asked_differently_is_named(side, field, value):
    other = replace(
        side, name="other", predictions=[replace(side.predictions[0], **{field: value}), *side.predictions[1:]]
    )

    with pytest.raises(
        DataError, match=f"question a of task phantom: {field} differs: got .* \\(one\\) and .* \\(other"
    ):
        paired(side, other)


def test_a_prompt_that_is_not_known_is_not_compared(side):
    other = replace(side, name="other", predictions=[replace(row, prompt="") for row in side.predictions])

    assert len(paired(side, other)) == 3


def test_two_answers_to_one_question_are_refused(side):
    twice = replace(side, predictions=[*side.predictions, side.predictions[0]])

    with pytest.raises(DataError, match="one, prediction a of task phantom: got two answers"):
        paired(twice, side)


def test_scores_of_unlike_protocols_are_refused(side):
    other = replace(side, name="other", protocols={"closed": ("llava_med@1",)})

    message = "closed questions: protocols of one and other differ: got polarity@2 and llava_med@1, expected at least"
    with pytest.raises(DataError, match=message):
        compare([(side, other)])


def test_models_are_compared_by_the_protocols_of_both(side):
    other = replace(side, name="other", protocols={"closed": ("llava_med@1", "polarity@2")})

    assert {row.protocol for row in compare([(side, other)])} == {"polarity@2"}
    assert {row.protocol for row in compare([(side, replace(side, name="other", protocols={}))])} == {"polarity@2"}
    assert {row.protocol for row in compare([(side, other)], ["llava_med@1"])} == {"llava_med@1"}
