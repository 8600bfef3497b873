"""Judgement by the likelihood of options."""

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.protocols import protocols_named


@pytest.fixture
def judge(make_prediction):
    """Return a judge: a protocol's name and the fields of a prediction to accuracy, validity and what was read."""

    def judged(name, **fields):
        verdict = protocols_named(name)[0].judge(make_prediction(**fields))
        return verdict.values["accuracy"], verdict.invalid, verdict.said

    return judged


CHOICE = {"kind": "mcq", "options": ("effusion of the left side", "oedema"), "output": "B"}


def test_the_likeliest_option_is_the_answer(judge):
    assert judge("mcq_loglik@1", **CHOICE, gold=("A",), option_logprobs=(-1.0, -2.0)) == (1, False, "A")
    assert judge("mcq_loglik@1", **CHOICE, gold=("B",), option_logprobs=(-1.0, -2.0)) == (0, False, "A")


@pytest.mark.parametrize("logprobs", [(-1.0, -1.0), (-1.0, float("nan")), (float("-inf"), float("-inf"))])
def test_options_as_likely_as_each_other_choose_none(judge, logprobs):
    assert judge("mcq_loglik@1", **CHOICE, gold=("A",), option_logprobs=logprobs) == (0, True, "")


def test_the_norm_divides_by_the_length_of_the_option(judge):
    fields = {**CHOICE, "gold": ("A",), "option_logprobs": (-5.0, -4.0)}

    assert judge("mcq_loglik@1", **fields) == (0, False, "B")
    assert judge("mcq_loglik_norm@1", **fields) == (1, False, "A")


@pytest.mark.parametrize(
    ("gold", "logprobs", "verdict"),
    [
        ("yes", (-0.1, -3.0), (1, False, "yes")),
        ("否", (-0.1, -3.0), (0, False, "yes")),
        ("否", (-3.0, -0.1), (1, False, "no")),
        ("yes", (-1.0, -1.0), (0, True, "")),
    ],
)
def test_closed_questions_compare_yes_with_no(judge, gold, logprobs, verdict):
    assert judge("closed_loglik@1", gold=(gold,), output="No.", option_logprobs=logprobs) == verdict


def test_closed_options_are_told_by_their_words(judge):
    fields = {"options": ("否", "是"), "gold": ("no",), "option_logprobs": (-0.1, -3.0)}

    assert judge("closed_loglik@1", **fields) == (1, False, "no")


def test_a_closed_gold_that_is_neither_is_judged_by_its_text(judge):
    assert judge("closed_loglik@1", gold=("left",), output="Left.") == (1, False, "")


@pytest.mark.parametrize("name", ["mcq_loglik@1", "mcq_loglik_norm@1"])
def test_missing_likelihoods_are_an_error(judge, name):
    message = r"prediction 1: option_logprobs: got 1 values for 2 options, expected the log-probability of each option"
    with pytest.raises(DataError, match=message):
        judge(name, **CHOICE, gold=("A",), option_logprobs=(-1.0,))


def test_closed_likelihoods_must_be_two(judge):
    with pytest.raises(DataError, match="got 0 values for 2 options"):
        judge("closed_loglik@1")
