"""Protocol multimedeval@1: MultiMedEval 1.0.0's scores of visual questions and multiple choice, faults included."""

import math
from collections import Counter
from collections.abc import Sequence
from string import ascii_uppercase

from doctorsun.eval.protocols.verdict import Protocol, Verdict, options_of
from doctorsun.eval.protocols.vqa_words import vqa_words
from doctorsun.schema import Prediction

_CLOSED_RECALL = 0.4
_OPEN_RECALL = 0.75


def judge_multimedeval_vqa_1(prediction: Prediction) -> Verdict:
    """Judge a visual question by sets of words.

    A gold of yes or no is met from a recall of 0.4 on, where ``not`` stands beside ``no``, so that an answer that
    says both is right; any other gold, of closed questions too, from 0.75 on.
    """
    said, gold = vqa_words(prediction.output), vqa_words(prediction.gold[0].strip())
    shared = len(set(said) & set(gold))
    recall = shared / len(set(gold)) if gold else 0.0
    precision = shared / len(set(said)) if said else 0.0
    f1 = 2 * precision * recall / (precision + recall + 1e-8)
    values = {"accuracy": _right(set(said), gold, recall), "recall": recall, "f1": f1, "bleu": _bleu_1(said, gold)}
    return Verdict(values=values)


def judge_multimedeval_qa_1(prediction: Prediction) -> Verdict:
    """Judge a choice by BLEU-1 of the answer to each ``letter text``; the first of the best is chosen.

    Letters go the way of articles: a bare ``A`` is no answer.
    """
    said = vqa_words(prediction.output)
    options = zip(ascii_uppercase, options_of(prediction), strict=False)
    scores = {letter: _bleu_1(said, vqa_words(f"{letter} {option}")) for letter, option in options}
    best = max(scores, key=lambda letter: scores[letter])
    if not scores[best]:
        return MULTIMEDEVAL_QA_1.nothing()
    return Verdict(values={"accuracy": float(best == prediction.gold[0].strip().upper())}, said=best)


def _right(said: set[str], gold: Sequence[str], recall: float) -> float:
    if gold in (["yes"], ["no"]):
        accepted = {"no", "not"} if gold == ["no"] else {"yes"}
        return float(len(said & accepted) / len(accepted) >= _CLOSED_RECALL)
    return float(recall >= _OPEN_RECALL)


def _bleu_1(said: Sequence[str], gold: Sequence[str]) -> float:
    shared = (Counter(said) & Counter(gold)).total()
    if not shared:
        return 0.0
    penalty = 1.0 if len(said) > len(gold) else math.exp(1 - len(gold) / len(said))
    return penalty * shared / len(said)


MULTIMEDEVAL_VQA_1 = Protocol(
    name="multimedeval@1",
    kinds=("closed", "open"),
    metrics=("accuracy", "recall", "f1", "bleu"),
    rule=judge_multimedeval_vqa_1,
)
MULTIMEDEVAL_QA_1 = Protocol(
    name="multimedeval@1",
    kinds=("mcq",),
    metrics=("accuracy",),
    rule=judge_multimedeval_qa_1,
    choice_form="letter text",
)
