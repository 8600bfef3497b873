"""Verdict on one answer, and Protocol: a named, versioned rule that gives verdicts."""

from collections.abc import Callable
from dataclasses import dataclass

from doctorsun.errors import DataError
from doctorsun.schema import AnswerKind, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a protocol makes of one answer.

    Attributes:
        values: each metric of the protocol, in [0, 1].
        invalid: no answer of the wanted form was found; such an answer counts as wrong.
    """

    values: dict[str, float]
    invalid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A frozen way to judge answers; a change of its verdicts gets a new version in its name.

    Attributes:
        name: ``rule@version``.
        metrics: the metrics that every verdict holds; the first is the headline.
        rule: the judgement of one answer whose status is ok.
    """

    name: str
    kinds: tuple[AnswerKind, ...]
    metrics: tuple[str, ...]
    rule: Callable[[Prediction], Verdict]

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
