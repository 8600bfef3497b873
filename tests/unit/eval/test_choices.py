"""Answers whose options have likelihoods."""

import math

import pytest

from doctorsun.eval.choices import Choice, choices_of


def test_the_place_of_the_right_option_is_found(make_prediction):
    rows = [
        make_prediction(id="1", kind="mcq", options=("a", "b", "c"), gold=("B",), option_logprobs=(-3.0, -1.0, -2.0)),
        make_prediction(id="2", gold=("No",), option_logprobs=(-1.0, -2.0)),
        make_prediction(id="3", gold=("是",), language="zh", option_logprobs=(-1.0, -2.0)),
        make_prediction(id="4", gold=("yes",), options=("no", "yes"), option_logprobs=(-1.0, -2.0)),
    ]

    assert [choice.gold for choice in choices_of(rows)] == [1, 1, 0, 1]


@pytest.mark.parametrize(
    "fields",
    [
        {"option_logprobs": ()},
        {"option_logprobs": (-1.0, -math.inf)},
        {"status": "error"},
        {"image_control": "blank"},
        {"gold": ("left",)},
        {"gold": ("yes", "no")},
        {"kind": "open"},
        {"kind": "mcq", "options": ("a", "b", "c")},
        {"kind": "mcq_multi", "options": ("a", "b"), "gold": ("A", "B")},
    ],
)
def test_others_are_left_out(make_prediction, fields):
    assert choices_of([make_prediction(**{"option_logprobs": (-1.0, -2.0)} | fields)]) == []


def test_probabilities_are_of_one_option_against_the_others():
    choice = Choice("1", "a", (math.log(0.02), math.log(0.06)), 1)

    assert choice.probabilities(1.0).tolist() == pytest.approx([0.25, 0.75])
    assert choice.probabilities(2.0)[1] == pytest.approx(math.sqrt(3) / (1 + math.sqrt(3)))
    assert Choice("1", "a", (-2000.0, -1000.0), 1).probabilities(1.0).tolist() == [0, 1]
