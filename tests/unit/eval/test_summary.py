"""The model beside its controls."""

import pytest

from doctorsun.eval.summary import headline_metric, summary_rows
from doctorsun.schema import Score


def made(control, value, **fields):
    defaults = {
        "task": "phantom", "language": "en", "kind": "closed", "protocol": "polarity@2", "metric": "macro_accuracy",
        "low": 0.0, "high": 1.0, "n": 10, "num_invalid": 0,
    }  # fmt: skip
    return Score(control=control, value=value, **{**defaults, **fields})


def test_the_margin_is_over_the_best_control():
    scores = [made("real", 0.9), made("blank", 0.5), made("shuffled", 0.625), made("prior", 0.6)]

    (row,) = summary_rows(scores)

    assert row.best_control.control == "shuffled"
    assert row.margin == pytest.approx(0.275)
    assert set(row.controls) == {"blank", "shuffled", "prior"}


def test_other_metrics_and_slices_stay_out_and_groups_stay_apart():
    scores = [
        made("real", 0.9),
        made("real", 0.7, metric="accuracy"),
        made("real", 0.1, metric="accuracy", slice="question_type=side"),
        made("real", 0.8, language="zh"),
        made("real", 0.4, kind="open", metric="f1", protocol="open_tokens@1"),
    ]

    rows = summary_rows(scores)

    assert [(row.language, row.metric, row.real.value) for row in rows] == [
        ("en", "macro_accuracy", 0.9), ("zh", "macro_accuracy", 0.8), ("en", "f1", 0.4),
    ]  # fmt: skip


def test_slices_show_every_value():
    scores = [made(control, 0.5, metric="accuracy", slice=f"question_type={kind}") for control in ("real", "blank")
              for kind in ("side", "zone")]  # fmt: skip

    rows = summary_rows(scores, "question_type")

    assert [row.slice for row in rows] == ["question_type=side", "question_type=zone"]
    assert [row.margin for row in rows] == [0, 0]


def test_without_a_control_or_the_model_there_is_no_margin():
    assert summary_rows([made("real", 0.9)])[0].margin is None
    assert summary_rows([made("blank", 0.9)])[0].margin is None


@pytest.mark.parametrize(
    ("kind", "protocol", "metric"),
    [
        ("closed", "polarity@2", "macro_accuracy"),
        ("open", "open_tokens@1", "f1"),
        ("report", "report_ngrams@1", "rouge_l"),
        ("closed", "llava_med@1", "accuracy"),
        ("open", "llava_med@1", "recall"),
        ("open", "medevalkit@1", "accuracy"),
        ("report", "report_findings@1", "f1"),
        ("closed", "closed_loglik@1", "accuracy"),
    ],
)
def test_a_protocol_of_others_is_told_by_its_own_first_metric(kind, protocol, metric):
    assert headline_metric(kind, protocol) == metric


def test_parts_have_no_mean_over_question_types():
    assert headline_metric("closed", "polarity@2", "modality=ct") == "accuracy"
    assert headline_metric("closed", "polarity@1") == "macro_accuracy"
    assert headline_metric("open", "open_tokens@1", "modality=ct") == "f1"
