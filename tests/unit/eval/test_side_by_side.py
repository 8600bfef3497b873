"""Protocols of an evaluation: the task's or the house's, and those of likelihoods where these are told."""

import pytest

from doctorsun.eval.scoring import score
from doctorsun.eval.side_by_side import side_by_side


@pytest.fixture
def choice(make_prediction):
    """Return a maker of choices with likelihoods."""

    def make(number, **fields):
        told = {"options": ("x", "y"), "gold": ("A",), "output": "A", "option_logprobs": (-1.0, -2.0)}
        return make_prediction(id=str(number), kind="mcq", **{**told, **fields})

    return make


def test_likelihoods_stand_beside_the_house(choice, make_prediction):
    rows = [choice(1), choice(2, status="error", option_logprobs=()), make_prediction(id="3", gold=("no",))]

    assert side_by_side(rows, []) == ["mcq_strict@1", "polarity@2", "mcq_loglik@1"]


def test_likelihoods_stand_beside_what_a_task_names(choice):
    assert side_by_side([choice(1)], ["cmb_official@1"]) == ["cmb_official@1", "mcq_loglik@1"]
    assert side_by_side([choice(1)], ["mcq_loglik@1", "mcq_strict@1"]) == ["mcq_loglik@1", "mcq_strict@1"]


@pytest.mark.parametrize("untold", [(), (-1.0,)])
def test_one_answer_without_likelihoods_leaves_them_out(choice, untold):
    assert side_by_side([choice(1), choice(2, option_logprobs=untold)], []) == ["mcq_strict@1"]


def test_closed_questions_need_those_of_yes_and_no_alone(make_prediction):
    rows = [make_prediction(option_logprobs=(-1.0, -2.0)), make_prediction(id="2", gold=("left",))]

    assert side_by_side(rows, []) == ["polarity@2", "closed_loglik@1"]


def test_what_is_named_can_be_scored(choice, make_prediction):
    rows = [choice(1), make_prediction(id="2", option_logprobs=(-1.0, -2.0)), make_prediction(id="3", gold=("left",))]

    scores = score(rows, protocols=side_by_side(rows, []))

    assert {row.protocol for row in scores} == {"mcq_strict@1", "mcq_loglik@1", "polarity@2", "closed_loglik@1"}
