"""Result rows: the model beside its controls, for every metric, language, kind and part of the questions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from doctorsun.eval.protocols import protocol_for, rule_of
from doctorsun.eval.summary import SummaryRow, headline_metric
from doctorsun.schema import AnswerKind, Control, Score

CONTROLS: tuple[Control, ...] = ("blank", "noise", "shuffled", "none", "prior", "constant")
KINDS: tuple[str, ...] = get_args(AnswerKind)
HOUSE: dict[str, str] = {kind: protocol_for(kind).name for kind in get_args(AnswerKind)}
"""The protocol that gives the headline of each kind, where it has scored."""
SLICE_FIELDS = (
    "question_type",
    "modality",
    "anatomy",
    "language",
    "leakage",
    "image_leakage",
    "question_leakage",
)
"""Tables of parts stand in this order; those of other fields behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTable:
    """The parts of one task by one field, the languages side by side.

    Attributes:
        field: what the parts differ in, such as ``question_type``.
        lines: kind of question, value of the field, and per language the row.
    """

    task: str
    field: str
    languages: tuple[str, ...]
    lines: tuple[tuple[str, str, dict[str, SummaryRow]], ...]

    def measures(self, kind: str) -> list[tuple[str, str]]:
        """Return the protocol and the metric of the parts of a kind; several where languages differ in them."""
        rows = (row for line_kind, _, by_language in self.lines if line_kind == kind for row in by_language.values())
        return list(dict.fromkeys((row.protocol, row.metric) for row in rows))


def house_rank(kind: str, protocol: str) -> int:
    """Return 0 for the house protocol of a kind, 1 for an older version of it, and 2 for every other."""
    house = HOUSE.get(kind, "")
    return 0 if protocol == house else 1 if rule_of(protocol) == rule_of(house) else 2


def result_rows(scores: Iterable[Score], margins: Iterable[Mapping[str, Any]] = ()) -> list[SummaryRow]:
    """Put the controls beside the model; every score lands in exactly one row, headline metrics first.

    Args:
        scores: of any number of tasks.
        margins: the rows of ``controls.json``; where one holds a corrected test, it says whether the model lies above.
    """
    is_above: dict[tuple[str | None, ...], dict[str, bool]] = {}
    for found in margins:
        if found["p_holm"] is not None:
            key = (found["task"], found["language"], found["kind"], found["protocol"], found["metric"], None)
            is_above.setdefault(key, {})[found["one"]] = found["is_different"] and found["difference"] > 0
    groups: dict[tuple[str | None, ...], dict[str, Score]] = {}
    for score in scores:
        key = (score.task, score.model, score.language, score.kind, score.protocol, score.metric, score.slice)
        groups.setdefault(key, {})[score.control] = score
    rows = (_row(by_control, is_above.get((key[0], *key[2:]), {})) for key, by_control in groups.items())
    return sorted(rows, key=_order)


def is_unproven(row: SummaryRow) -> bool:
    """Say whether the model is not shown to lie above each control: by the paired test, else by its interval's."""
    if row.real is None:
        return False
    low = row.real.low
    return not all(row.is_above.get(name, low > control.high) for name, control in row.controls.items())


def whole_rows(rows: Iterable[SummaryRow]) -> list[SummaryRow]:
    """Return the rows over all questions."""
    return [row for row in rows if row.slice is None]


def headline_rows(rows: Iterable[SummaryRow]) -> list[SummaryRow]:
    """Return one row over all questions per task, model, kind and language: the metric that stands for the kind."""
    first: dict[tuple[str, ...], SummaryRow] = {}
    for row in whole_rows(rows):
        first.setdefault((row.task, row.model, row.kind, row.language), row)
    return list(first.values())


def headline_scores(scores: Iterable[Score]) -> list[Score]:
    """Return the scores of the headlines, the model's and then its controls', in the order of the headlines."""
    rows = headline_rows(result_rows(scores))
    return [score for row in rows for score in (row.real, *row.controls.values()) if score is not None]


def leading_rows(headlines: Iterable[SummaryRow]) -> list[SummaryRow]:
    """Return the first headline of each task, model and language: closed questions, where there are any."""
    first: dict[tuple[str, ...], SummaryRow] = {}
    for row in headlines:
        if row.real is not None:
            first.setdefault((row.task, row.model, row.language), row)
    return list(first.values())


def slice_tables(rows: Iterable[SummaryRow]) -> list[SliceTable]:
    """Return one table per task and field, in the order of fields; every part has a line, also one at chance."""
    parts = [(row, *_field_and_value(row)) for row in rows if row.slice is not None]
    tables = sorted({(row.task, field) for row, field, _ in parts}, key=lambda key: (key[0], *_rank(key[1])))
    return [
        _table(task, field, [(row, value) for row, name, value in parts if (row.task, name) == (task, field)])
        for task, field in tables
    ]


def row_facts(row: SummaryRow) -> dict[str, Any]:
    """Return a row for ``report.json``: who is compared, the margin and the verdict."""
    return {
        "task": row.task,
        "model": row.model,
        "language": row.language,
        "kind": row.kind,
        "protocol": row.protocol,
        "metric": row.metric,
        "slice": row.slice,
        "value": row.real.value if row.real else None,
        "best_control": row.best_control.control if row.best_control else None,
        "margin": row.margin,
        "unproven": is_unproven(row),
    }


def _row(by_control: dict[str, Score], is_above: Mapping[str, bool]) -> SummaryRow:
    first = next(iter(by_control.values()))
    return SummaryRow(
        task=first.task,
        model=first.model,
        language=first.language,
        kind=first.kind,
        protocol=first.protocol,
        metric=first.metric,
        slice=first.slice,
        real=by_control.get("real"),
        controls={name: by_control[name] for name in CONTROLS if name in by_control},
        is_above=is_above,
    )


def _order(row: SummaryRow) -> tuple[str | int | bool, ...]:
    is_second = row.metric != headline_metric(row.kind, row.protocol, row.slice)
    place = (row.task, KINDS.index(row.kind), row.slice or "", row.language, row.model)
    return (*place, is_second, house_rank(row.kind, row.protocol))


def _rank(field: str) -> tuple[int, str]:
    return (SLICE_FIELDS.index(field) if field in SLICE_FIELDS else len(SLICE_FIELDS), field)


def _field_and_value(row: SummaryRow) -> tuple[str, str]:
    field, _, value = (row.slice or "").partition("=")
    return field, value


def _table(task: str, field: str, parts: Sequence[tuple[SummaryRow, str]]) -> SliceTable:
    lines: dict[tuple[str, str], list[SummaryRow]] = {}
    for row, value in parts:
        lines.setdefault((row.kind, value), []).append(row)
    return SliceTable(
        task=task,
        field=field,
        languages=tuple(sorted({row.language for row, _ in parts})),
        lines=tuple((kind, value, _by_language(rows)) for (kind, value), rows in lines.items()),
    )


def _by_language(rows: Iterable[SummaryRow]) -> dict[str, SummaryRow]:
    """Return the first row of each language: the headline of the house protocol, or of the one named first."""
    chosen: dict[str, SummaryRow] = {}
    for row in rows:
        chosen.setdefault(row.language, row)
    return chosen
