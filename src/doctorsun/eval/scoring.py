"""Scores: stored answers judged by a protocol, with intervals, per language, kind, control and slice."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from doctorsun.errors import DataError
from doctorsun.eval.answer_facts import answer_facts, denominators
from doctorsun.eval.bootstrap import Sums, bootstrap_interval
from doctorsun.eval.prior import TrainingPrior
from doctorsun.eval.protocols import Protocol, Verdict, protocols_for
from doctorsun.eval.statistics import Interval, macro_interval, mean_interval
from doctorsun.schema import Control, Prediction, Score
from doctorsun.storage.atomic import write_json

Marks = Mapping[str, Mapping[str, str]]

_SLICES = ("question_type", "modality", "anatomy")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A prediction under the control that it counts for; the prior's have no image control of their own."""

    prediction: Prediction
    control: Control


@dataclass(frozen=True, slots=True)
class _Judged:
    """An answer with its verdict and what it adds to each of the protocol's metrics over all answers."""

    prediction: Prediction
    verdict: Verdict
    parts: tuple[Sums, ...]


def score(
    predictions: Sequence[Prediction],
    training_prior: TrainingPrior | None = None,
    protocols: Sequence[str] = (),
    marks: Marks | None = None,
) -> list[Score]:
    """Judge the answers and return every score, the model's and the controls'.

    Answers that failed count as wrong for the model (control real). For a control they are left out of its count:
    counting them as wrong would make the model look better beside it.

    Args:
        predictions: answers of any number of tasks, models and controls.
        training_prior: adds the control prior: the majority answer of the training set, where it knows the kind.
        protocols: names to use in place of the house protocol, for the kinds that they judge.
        marks: further slices by question id, such as ``{"q1": {"leakage": "clean"}}``.

    Raises:
        DataError: there are no predictions, a row cannot be judged, or a question has two answers.
        RecipeError: a protocol of such a name does not exist.
    """
    if not predictions:
        raise DataError("predictions to score", got="none", expected="at least one")
    answers = [_Answer(row, row.image_control) for row in predictions]
    if training_prior:
        real = (row for row in predictions if row.image_control == "real" and training_prior.knows(row))
        answers += [_Answer(_by_prior(row, training_prior), "prior") for row in real]
    groups = _groups(answers)
    counts = _counts(groups)
    return [
        found
        for group in groups
        for protocol in protocols_for(group[0].prediction.kind, protocols)
        if not (protocol.needs_likelihoods and group[0].control == "prior")
        for found in _scores_of(group, protocol, counts[_set_of(group[0])], marks or {})
    ]


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Write ``scores.json``."""
    write_json(path, {"scores": [asdict(row) for row in scores]})


def read_scores(path: Path) -> list[Score]:
    """Read ``scores.json``.

    Raises:
        DataError: the file does not hold scores.
    """
    try:
        return [Score(**row) for row in json.loads(path.read_text(encoding="utf-8"))["scores"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"scores {path}", got=repr(error), expected="a scores.json of this version") from error


def _by_prior(row: Prediction, prior: TrainingPrior) -> Prediction:
    decoding = "majority answer of training"
    return replace(row, output=prior.answer(row), status="ok", decoding=decoding, num_tokens=0, truncated=False)


def _groups(answers: Iterable[_Answer]) -> list[list[_Answer]]:
    """Put together what is scored together, in a stable order; leave out the failed answers of controls."""
    groups: dict[tuple[str, ...], list[_Answer]] = defaultdict(list)
    seen: set[tuple[str, ...]] = set()
    for answer in answers:
        row, control = answer.prediction, answer.control
        identity = (row.task, row.model, row.id, control)
        if identity in seen:
            raise DataError(
                f"prediction {row.id} of task {row.task}", got=f"two answers with control {control}", expected="one"
            )
        seen.add(identity)
        if control == "real" or row.status == "ok":
            groups[row.task, row.model, row.language, row.kind, control].append(answer)
    return list(groups.values())


def _set_of(answer: _Answer) -> tuple[str, ...]:
    """Return what the denominators are counted by."""
    return answer.prediction.task, answer.prediction.model, answer.prediction.language, answer.control


def _counts(groups: Iterable[Sequence[_Answer]]) -> dict[tuple[str, ...], dict[str, int]]:
    """Return the denominators of each task, model, language and control."""
    sets: dict[tuple[str, ...], list[Prediction]] = defaultdict(list)
    for group in groups:
        sets[_set_of(group[0])] += [answer.prediction for answer in group]
    return {key: denominators(rows) for key, rows in sets.items()}


def _scores_of(
    group: Sequence[_Answer], protocol: Protocol, counts: Mapping[str, int], marks: Marks
) -> Iterator[Score]:
    judged = _judged([answer.prediction for answer in group], protocol)
    whole = _start(judged, protocol, group[0].control, counts)
    yield from _filled(judged, whole, protocol)
    if "accuracy" in protocol.metrics:
        yield _with_number(whole, "macro_accuracy", _macro_accuracy(judged))
    for name, members in _slices(judged, marks):
        part = replace(_start(members, protocol, group[0].control, counts), slice=name)
        yield from _filled(members, part, protocol)


def _judged(predictions: Sequence[Prediction], protocol: Protocol) -> list[_Judged]:
    verdicts = [protocol.judge(row) for row in predictions]
    parts = [metric.sums(predictions, verdicts) for metric in protocol.corpus]
    return [
        _Judged(row, verdict, tuple(part[number] for part in parts))
        for number, (row, verdict) in enumerate(zip(predictions, verdicts, strict=True))
    ]


def _slices(judged: Sequence[_Judged], marks: Marks) -> Iterator[tuple[str, list[_Judged]]]:
    """Yield each ``field=value`` that answers have, with these answers; a question may be in several."""
    members: dict[tuple[str, str], list[_Judged]] = defaultdict(list)
    for item in judged:
        row = item.prediction
        for field, value in {**{name: getattr(row, name) for name in _SLICES}, **marks.get(row.id, {})}.items():
            if value:
                members[field, value].append(item)
    fields = {field: place for place, field in enumerate(dict.fromkeys((*_SLICES, *(key[0] for key in members))))}
    for field, value in sorted(members, key=lambda key: (fields[key[0]], key[1])):
        yield f"{field}={value}", members[field, value]


def _start(judged: Sequence[_Judged], protocol: Protocol, control: Control, counts: Mapping[str, int]) -> Score:
    """Return a score that tells of its answers and has no number yet."""
    row = judged[0].prediction
    return Score(
        task=row.task,
        language=row.language,
        kind=row.kind,
        protocol=protocol.name,
        metric="",
        value=0.0,
        low=0.0,
        high=0.0,
        n=len(judged),
        num_invalid=sum(item.verdict.invalid for item in judged),
        control=control,
        model=row.model,
        **counts,
        **answer_facts([item.prediction for item in judged]),
    )


def _filled(judged: Sequence[_Judged], start: Score, protocol: Protocol) -> Iterator[Score]:
    """Yield a score for each metric of the protocol: means over answers, then those over all of them together."""
    clusters = [item.prediction.cluster for item in judged]
    for name in protocol.metrics:
        yield _with_number(start, name, mean_interval([item.verdict.values[name] for item in judged], clusters))
    for place, metric in enumerate(protocol.corpus):
        sums = np.stack([item.parts[place] for item in judged])
        yield _with_number(start, metric.name, bootstrap_interval(sums, clusters, metric.value))


def _with_number(start: Score, metric: str, interval: Interval) -> Score:
    return replace(start, metric=metric, value=interval.value, low=interval.low, high=interval.high)


def _macro_accuracy(judged: Sequence[_Judged]) -> Interval:
    values = [item.verdict.values["accuracy"] for item in judged]
    clusters = [item.prediction.cluster for item in judged]
    return macro_interval(values, clusters, [item.prediction.question_type for item in judged])
