"""Protocols polarity@2 and polarity@1: closed questions by the yes or no that the answer states, else by exact text."""

from collections.abc import Callable

from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.headed_polarity import headed_polarity
from doctorsun.text.normalize import exact_form, without_reasoning
from doctorsun.text.polarity import LEXICON_1, Polarity, bare_polarity, polarity


def judge_polarity_2(prediction: Prediction) -> Verdict:
    """Judge a closed answer as polarity@1 does, and read a yes or no behind a heading too (``Findings: No.``)."""
    return _judged(prediction, stated_polarity)


def judge_polarity_1(prediction: Prediction) -> Verdict:
    """Judge a closed answer.

    Where every gold answer is a bare word for yes or no, the answer's own polarity counts, in either language,
    and an answer that states none or both is invalid. Other golds (``left``, ``MRI``) ask for the same text
    after normalisation; only an empty answer is invalid then.
    """
    return _judged(prediction, polarity)


def stated_polarity(output: str) -> Polarity | None:
    """Return the yes or no that an answer states, or has behind a heading."""
    return polarity(output, LEXICON_1) or headed_polarity(output)


def judge_text(prediction: Prediction) -> Verdict:
    """Judge whether a closed answer is the gold's text after normalisation; an empty one is invalid."""
    form = exact_form(without_reasoning(prediction.output))
    right = bool(form) and form in {exact_form(gold) for gold in prediction.gold}
    return Verdict(values={"accuracy": float(right)}, invalid=not form)


def _judged(prediction: Prediction, read: Callable[[str], Polarity | None]) -> Verdict:
    golds = {bare_polarity(gold, LEXICON_1) for gold in prediction.gold}
    if None in golds:
        return judge_text(prediction)
    said = read(prediction.output)
    return Verdict(values={"accuracy": float(said in golds)}, invalid=said is None)


POLARITY_2 = Protocol(name="polarity@2", kinds=("closed",), metrics=("accuracy",), rule=judge_polarity_2)
POLARITY_1 = Protocol(name="polarity@1", kinds=("closed",), metrics=("accuracy",), rule=judge_polarity_1)
