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
from doctorsun.eval.constant_answer import best_constant
from doctorsun.eval.prior import TrainingPrior, as_read_by
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
class _Group:
    """Predictions that are scored together, and those of a control that failed and count for nothing."""

    control: Control
    predictions: list[Prediction]
    failed: list[Prediction]


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
    counting them as wrong would make the model look better beside it. ``num_errors`` tells how many they are.

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
        for protocol in protocols_for(group.predictions[0].kind, protocols)
        for judged in _judged_groups(group, protocol)
        for found in _scores_of(judged, protocol, counts[_set_of(group)], marks or {})
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


def _groups(answers: Iterable[_Answer]) -> list[_Group]:
    """Put together what is scored together, in a stable order; leave out controls of which every answer failed."""
    groups: dict[tuple[str, ...], _Group] = {}
    seen: set[tuple[str, ...]] = set()
    for answer in answers:
        row, control = answer.prediction, answer.control
        identity = (row.task, row.model, row.id, control)
        if identity in seen:
            raise DataError(
                f"prediction {row.id} of task {row.task}", got=f"two answers with control {control}", expected="one"
            )
        seen.add(identity)
        key = (row.task, row.model, row.language, row.kind, control)
        group = groups.setdefault(key, _Group(control, [], []))
        counts = control == "real" or row.status == "ok"
        (group.predictions if counts else group.failed).append(row)
    return [group for group in groups.values() if group.predictions]


def _set_of(group: _Group) -> tuple[str, ...]:
    """Return what the denominators are counted by."""
    row = group.predictions[0]
    return row.task, row.model, row.language, group.control


def _counts(groups: Iterable[_Group]) -> dict[tuple[str, ...], dict[str, int]]:
    """Return the denominators of each task, model, language and control."""
    sets: dict[tuple[str, ...], list[Prediction]] = defaultdict(list)
    for group in groups:
        sets[_set_of(group)] += group.predictions
    return {key: denominators(rows) for key, rows in sets.items()}


def _judged_groups(group: _Group, protocol: Protocol) -> Iterator[_Group]:
    """Yield the answers to the questions that a protocol is about, and the best constant ones beside the model's."""
    asked, failed = (protocol.counted(rows) for rows in (group.predictions, group.failed))
    if not asked or (protocol.among and group.control != "real"):
        return
    yield replace(group, predictions=asked, failed=failed)
    if group.control == "real" and protocol.constants:
        yield _Group("constant", best_constant(asked, protocol), [])


def _scores_of(group: _Group, protocol: Protocol, counts: Mapping[str, int], marks: Marks) -> Iterator[Score]:
    rows = group.predictions
    judged = _judged([as_read_by(protocol, row) for row in rows] if group.control == "prior" else rows, protocol)
    whole = _start(judged, protocol, group, counts)
    yield from _filled(judged, whole, protocol)
    if "accuracy" in protocol.metrics:
        yield _with_number(whole, "macro_accuracy", _macro_accuracy(judged))
    for name, members in _slices(judged, marks):
        failed = [row for row in group.failed if name in _names_of_slices(row, marks)]
        part = replace(_start(members, protocol, replace(group, failed=failed), counts), slice=name)
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
        for field, value in _fields_of_slices(item.prediction, marks):
            members[field, value].append(item)
    fields = {field: place for place, field in enumerate(dict.fromkeys((*_SLICES, *(key[0] for key in members))))}
    for field, value in sorted(members, key=lambda key: (fields[key[0]], key[1])):
        yield f"{field}={value}", members[field, value]


def _fields_of_slices(row: Prediction, marks: Marks) -> list[tuple[str, str]]:
    fields = {**{name: getattr(row, name) for name in _SLICES}, **marks.get(row.id, {})}
    return [(field, value) for field, value in fields.items() if value]


def _names_of_slices(row: Prediction, marks: Marks) -> set[str]:
    return {f"{field}={value}" for field, value in _fields_of_slices(row, marks)}


def _start(judged: Sequence[_Judged], protocol: Protocol, group: _Group, counts: Mapping[str, int]) -> Score:
    """Return a score that tells of its answers, and of those of the group that failed, and has no number yet."""
    row = judged[0].prediction
    facts = answer_facts([item.prediction for item in judged])
    facts["num_errors"] += len(group.failed)
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
        control=group.control,
        model=row.model,
        **counts,
        **facts,
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
