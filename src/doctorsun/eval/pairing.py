"""Pairs of answers to the same question by two models; what was asked differently is refused by name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from doctorsun.errors import DataError
from doctorsun.schema import Prediction

Pair = tuple[Prediction, Prediction]

_QUESTION_FIELDS = ("language", "kind", "question", "options", "gold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The answers of one of the two models.

    Attributes:
        name: what the model is called in the comparison.
        predictions: its answers with the real images; other controls are not compared.
        protocols: names of the protocols that its scores were made by, per kind; empty where that is unknown.
    """

    name: str
    predictions: Sequence[Prediction]
    protocols: Mapping[str, tuple[str, ...]]


def paired(one: Side, other: Side) -> list[Pair]:
    """Return the answers of two models to the same questions of one task, in the order of the first.

    Raises:
        DataError: a question was put to one of them alone, or differs in its words, options, gold or prompt; or a
            model answered one question twice.
    """
    first, second = _by_id(one), _by_id(other)
    task = one.predictions[0].task
    _require_same_ids(task, one.name, first, second)
    _require_same_ids(task, other.name, second, first)
    pairs = [(row, second[id_]) for id_, row in first.items()]
    for field in _QUESTION_FIELDS:
        _require_same(pairs, field, one.name, other.name)
    prompted = [pair for pair in pairs if pair[0].prompt and pair[1].prompt]
    _require_same(prompted, "prompt", one.name, other.name)
    return pairs


def common_protocols(task: str, kind: str, one: Side, other: Side) -> tuple[str, ...]:
    """Return the protocols that both were scored by, those of the one of which alone they are known, or none.

    Raises:
        DataError: the two were scored by different protocols for this kind of question.
    """
    first, second = one.protocols.get(kind, ()), other.protocols.get(kind, ())
    if not (first and second):
        return first or second
    common = tuple(name for name in first if name in second)
    if not common:
        raise DataError(
            f"{task}, {kind} questions: protocols of {one.name} and {other.name} differ",
            got=f"{', '.join(first)} and {', '.join(second)}",
            expected="at least one that is the same",
            do="judge both by one: doctorsun report A B --protocol NAME",
        )
    return common


def _by_id(side: Side) -> dict[str, Prediction]:
    rows: dict[str, Prediction] = {}
    for row in side.predictions:
        if row.image_control == "real":
            if row.id in rows:
                raise DataError(f"{side.name}, prediction {row.id} of task {row.task}", got="two answers")
            rows[row.id] = row
    if not rows:
        raise DataError(f"answers of {side.name}", got="none with the real images", expected="at least one")
    return rows


def _require_same_ids(task: str, name: str, rows: Mapping[str, Prediction], others: Mapping[str, Prediction]) -> None:
    alone = [row for id_, row in rows.items() if id_ not in others]
    if alone:
        raise DataError(
            f"task {task}: not the same questions",
            got=f"{len(alone)} that only {name} was asked, the first {alone[0].id} {alone[0].question!r}",
            expected="the same questions for both",
            do="evaluate both on the same files",
        )


def _require_same(pairs: Iterable[Pair], field: str, one: str, other: str) -> None:
    for row, counterpart in pairs:
        mine, theirs = getattr(row, field), getattr(counterpart, field)
        if mine != theirs:
            raise DataError(
                f"question {row.id} of task {row.task}: {field} differs",
                got=f"{mine!r} ({one}) and {theirs!r} ({other})",
                expected=f"the same {field} for both",
                do="evaluate both on the same files with the same prompts",
            )
