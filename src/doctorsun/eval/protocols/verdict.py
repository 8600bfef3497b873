"""Verdict on one answer, and Protocol: a named, versioned rule that gives verdicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from doctorsun.errors import DataError
from doctorsun.eval.bootstrap import Sums
from doctorsun.schema import AnswerKind, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a protocol makes of one answer.

    Attributes:
        values: each metric of the protocol, in [0, 1].
        invalid: no answer of the wanted form was found; such an answer counts as wrong.
        said: what the rule read, such as a letter; only metrics over all answers ask for it.
    """

    values: dict[str, float]
    invalid: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMetric:
    """A metric that is no mean over answers, but can be told from sums over them (F1 over classes, corpus BLEU).

    Attributes:
        sums: what each answer adds, [answers, sums].
        value: the metric in [0, 1] of total sums, [..., sums] to [...].
    """

    name: str
    sums: Callable[[Sequence[Prediction], Sequence[Verdict]], Sums]
    value: Callable[[Sums], Sums]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A frozen way to judge answers; a change of its verdicts gets a new version in its name.

    Attributes:
        name: ``rule@version``; the parts of a protocol that has other metrics for other kinds share it.
        metrics: the metrics that every verdict holds; the first is the headline.
        rule: the judgement of one answer whose status is ok.
        corpus: metrics over all answers together.
        needs_likelihoods: it reads the likelihoods of options.
        choice_form: what a choice must look like to be read: its letter, its text, or both.
        asks: says of a question whether this protocol is about it; others are left out of its scores.
        among: picks what is counted of all answers to a task's questions, where this depends on other answers; such a
            protocol is about the real images alone.
        constants: answers that look at no question; the best of them stands beside the model as a control.
    """

    name: str
    kinds: tuple[AnswerKind, ...]
    metrics: tuple[str, ...]
    rule: Callable[[Prediction], Verdict]
    corpus: tuple[CorpusMetric, ...] = ()
    needs_likelihoods: bool = False
    choice_form: Literal["letter", "text", "letter text"] = "letter"
    asks: Callable[[Prediction], bool] = field(default=lambda _: True)
    among: Callable[[Sequence[Prediction]], list[Prediction]] | None = None
    constants: tuple[str, ...] = ()

    def counted(self, rows: Sequence[Prediction]) -> list[Prediction]:
        """Return those of the answers to a task's questions that this protocol is about."""
        return self.among(rows) if self.among else [row for row in rows if self.asks(row)]

    def judge(self, prediction: Prediction) -> Verdict:
        """Return the verdict; an answer that failed (status error) is wrong and stays in the denominator.

        Raises:
            DataError: the prediction has no gold, or is of a kind that this protocol cannot judge.
        """
        if prediction.kind not in self.kinds:
            expected = " or ".join(self.kinds)
            raise DataError(
                f"protocol {self.name} on prediction {prediction.id}", got=prediction.kind, expected=expected
            )
        if not any(gold.strip() for gold in prediction.gold):
            raise DataError(
                f"prediction {prediction.id} has no gold answer",
                expected="at least one",
                do="leave out the rows that cannot be scored",
            )
        return self.rule(prediction) if prediction.status == "ok" else self.nothing()

    def nothing(self) -> Verdict:
        """Return the verdict on an answer that is not there."""
        return Verdict(values=dict.fromkeys(self.metrics, 0.0), invalid=True)


def options_of(prediction: Prediction) -> tuple[str, ...]:
    """Return the texts of the choices of a question.

    Raises:
        DataError: it has none.
    """
    if not prediction.options:
        raise DataError(
            f"multiple-choice prediction {prediction.id} has no options",
            expected="the texts of its choices in the column options",
        )
    return prediction.options
