from typing import Any

import pytest

from doctorsun.report.scores import (
    headline_rows,
    headline_scores,
    house_rank,
    is_unproven,
    leading_rows,
    result_rows,
    row_facts,
    slice_tables,
    whole_rows,
)
from doctorsun.schema import Score


def score(value: float, control: str = "real", **changes: Any) -> Score:
    facts: dict[str, Any] = {
        "task": "phantom",
        "language": "en",
        "kind": "closed",
        "protocol": "polarity@2",
        "metric": "accuracy",
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "n": 100,
        "num_invalid": 0,
        "control": control,
    }
    return Score(**facts | changes)


def test_headline_scores_are_one_of_each_kind_and_control() -> None:
    lead = [score(value, control, metric="macro_accuracy") for value, control in ((0.8, "real"), (0.5, "blank"))]
    others = [
        score(0.9),
        score(0.9, protocol="llava_med@1"),
        score(0.6, "blank", protocol="llava_med@1"),
        score(0.7, metric="accuracy", slice="modality=ct"),
    ]
    other_kind = score(0.4, kind="open", protocol="open_tokens@1", metric="f1")
    assert headline_scores([*others, lead[1], other_kind, lead[0]]) == [*lead, other_kind]


def test_controls_stand_beside_the_model() -> None:
    (row,) = result_rows([score(0.5, "prior"), score(0.9), score(0.6, "blank")])
    assert row.real == score(0.9)
    assert list(row.controls) == ["blank", "prior"]
    assert row.margin == pytest.approx(0.3)


def test_every_score_lands_in_exactly_one_row() -> None:
    scores = [
        score(0.1 * index, control, metric=metric, language=language, slice=part)
        for index, control in enumerate(("real", "blank", "prior"))
        for metric in ("accuracy", "macro_accuracy")
        for language in ("en", "zh")
        for part in (None, "question_type=plane")
    ]
    rows = result_rows(scores)
    found = [item for row in rows for item in (row.real, *row.controls.values())]
    assert len(rows) == 8
    assert sorted(map(repr, found)) == sorted(map(repr, scores))


def margin(control: str, *, is_different: bool, **changes: Any) -> dict[str, Any]:
    facts = {"task": "phantom", "language": "en", "kind": "closed", "protocol": "polarity@2", "metric": "accuracy"}
    return facts | {"one": control, "p_holm": 0.03, "is_different": is_different, "difference": 0.1} | changes


@pytest.mark.parametrize(("value", "unproven"), [(0.71, False), (0.65, True), (0.56, True), (0.4, True)])
def test_without_a_paired_test_the_intervals_must_lie_apart(value: float, *, unproven: bool) -> None:
    (row,) = result_rows([score(value), score(0.5, "blank", high=0.6), score(0.3, "prior", high=0.65)])
    assert is_unproven(row) is unproven
    assert row_facts(row)["unproven"] is unproven


@pytest.mark.parametrize(
    ("margins", "unproven"),
    [
        ([], True),
        ([margin("blank", is_different=True)], False),
        ([margin("blank", is_different=False)], True),
        ([margin("blank", is_different=True, difference=-0.1)], True),
        ([margin("blank", is_different=True), margin("prior", is_different=False)], True),
        ([margin("blank", is_different=True, p_holm=None)], True),
        ([margin("blank", is_different=True, task="other")], True),
    ],
)
def test_the_paired_test_decides_where_there_is_one(margins: list[dict[str, Any]], *, unproven: bool) -> None:
    (row,) = result_rows([score(0.6), score(0.5, "blank", high=0.58), score(0.3, "prior")], margins)
    assert is_unproven(row) is unproven


def test_a_certain_difference_needs_no_interval_and_a_doubtful_one_is_not_saved_by_it() -> None:
    scores = [score(0.9), score(0.1, "blank")]
    assert is_unproven(result_rows(scores, [margin("blank", is_different=False)])[0])
    assert not is_unproven(result_rows(scores)[0])


def test_without_controls_nothing_is_said_to_be_unproven() -> None:
    (row,) = result_rows([score(0.5)])
    assert not is_unproven(row)
    assert row_facts(row)["margin"] is None


def test_row_with_controls_alone_is_kept() -> None:
    (row,) = result_rows([score(0.5, "blank", slice="modality=ct")])
    assert row.real is None
    assert row_facts(row) | {"value": None, "best_control": "blank", "slice": "modality=ct"} == row_facts(row)


def test_headline_metric_stands_first_and_parts_are_left_out() -> None:
    rows = result_rows(
        [
            score(0.9),
            score(0.8, metric="macro_accuracy"),
            score(0.7, kind="open", metric="exact"),
            score(0.6, kind="open", metric="f1"),
            score(0.2, kind="report", metric="rouge_l"),
            score(0.1, slice="question_type=plane"),
        ]
    )
    assert len(whole_rows(rows)) == 5
    assert [(row.kind, row.metric) for row in headline_rows(rows)] == [
        ("closed", "macro_accuracy"),
        ("open", "f1"),
        ("report", "rouge_l"),
    ]
    assert [row.metric for row in leading_rows(headline_rows(rows))] == ["macro_accuracy"]


def test_parts_stand_side_by_side_with_question_types_first() -> None:
    scores = [
        score(0.9, slice="modality=ct"),
        score(0.5, slice="question_type=side:nodule"),
        score(0.4, language="zh", slice="question_type=side:nodule"),
        score(0.3, slice="question_type=open", kind="open", metric="exact"),
        score(0.2, slice="question_type=open", kind="open", metric="f1"),
    ]
    types, modalities = slice_tables(result_rows(scores))
    assert (types.field, types.languages) == ("question_type", ("en", "zh"))
    (kind, name, by_language), (_, _, open_row) = types.lines
    assert (kind, name, set(by_language)) == ("closed", "side:nodule", {"en", "zh"})
    assert open_row["en"].metric == "f1"
    assert types.measures("closed") == [("polarity@2", "accuracy")]
    assert types.measures("open") == [("polarity@2", "f1")]
    assert modalities.lines[0][1] == "ct"


@pytest.mark.parametrize("names", [("open_tokens@1", "llava_med@1"), ("llava_med@1", "open_tokens@1")])
def test_parts_are_told_by_the_headline_of_the_house_protocol(names: tuple[str, str]) -> None:
    scores = [
        score(0.1 * place, protocol=name, metric=metric, kind="open", slice="leakage=clean")
        for name in names
        for place, metric in enumerate(("recall", "precision", "f1"))
    ]
    (table,) = slice_tables(result_rows(scores))
    assert table.measures("open") == [("open_tokens@1", "f1")]


def test_parts_without_the_house_protocol_take_the_one_named_first_and_its_first_metric() -> None:
    names, metrics = ("medevalkit@1", "llava_med@1"), ("accuracy", "recall", "f1")
    scores = [
        score(0.5, protocol=name, metric=metric, kind="open", slice="leakage=clean")
        for name in names
        for metric in reversed(metrics)
    ]
    assert slice_tables(result_rows(scores))[0].measures("open") == [("medevalkit@1", "accuracy")]
    assert slice_tables(result_rows(scores[3:]))[0].measures("open") == [("llava_med@1", "recall")]


def test_an_older_version_of_the_house_rule_stands_before_other_kits():
    assert [house_rank("closed", name) for name in ("polarity@2", "polarity@1", "llava_med@1")] == [0, 1, 2]
