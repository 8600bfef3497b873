"""Protocols mcq_strict@1 and mcq_multi@1: multiple choice by delimited letters, one or several."""

import re
from dataclasses import replace

from doctorsun.eval.protocols.letters import chosen_letters
from doctorsun.eval.protocols.verdict import Protocol, Verdict, options_of
from doctorsun.schema import Prediction

_RUN = re.compile(r"(?<![A-Za-z])[A-Z]{2,}(?![A-Za-z])")


def judge_mcq_strict_1(prediction: Prediction) -> Verdict:
    """Judge the choice of one option; no letter, and several different letters, are invalid."""
    letters = _letters(prediction)
    gold = frozenset(letter.strip().upper() for letter in prediction.gold)
    return Verdict(values={"accuracy": float(len(letters) == 1 and letters <= gold)}, invalid=len(letters) != 1)


def judge_mcq_multi_1(prediction: Prediction) -> Verdict:
    """Judge the choice of several options: right when the sets are equal; jaccard gives credit for a part.

    Chinese examinations write such an answer as a run of letters (``ABCE``), which is read as a list.
    """
    listed = _RUN.sub(lambda run: ",".join(run[0]), prediction.output)
    letters = _letters(replace(prediction, output=listed))
    gold = frozenset(letter.strip().upper() for letter in prediction.gold)
    jaccard = len(letters & gold) / len(letters | gold)
    return Verdict(values={"accuracy": float(letters == gold), "jaccard": jaccard}, invalid=not letters)


def _letters(prediction: Prediction) -> frozenset[str]:
    return chosen_letters(prediction.output, options_of(prediction))


MCQ_STRICT_1 = Protocol(name="mcq_strict@1", kinds=("mcq",), metrics=("accuracy",), rule=judge_mcq_strict_1)
MCQ_MULTI_1 = Protocol(
    name="mcq_multi@1", kinds=("mcq_multi",), metrics=("accuracy", "jaccard"), rule=judge_mcq_multi_1
)
