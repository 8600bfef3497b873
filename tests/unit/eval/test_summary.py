"""The model beside its controls."""

import pytest

from doctorsun.eval.summary import SummaryRow, headline_metric
from doctorsun.schema import Score


def score(control, value):
    return Score(
        task="phantom", language="en", kind="closed", protocol="polarity@2", metric="macro_accuracy", control=control,
        value=value, low=0.0, high=1.0, n=10, num_invalid=0,
    )  # fmt: skip


def row(real, **controls):
    return SummaryRow(
        task="phantom", model="", language="en", kind="closed", protocol="polarity@2", metric="macro_accuracy",
        slice=None, real=real and score("real", real),
        controls={name: score(name, value) for name, value in controls.items()},
    )  # fmt: skip


def test_the_margin_is_over_the_best_control():
    shown = row(0.9, blank=0.5, shuffled=0.625, prior=0.6)

    assert shown.best_control.control == "shuffled"
    assert shown.margin == pytest.approx(0.275)


def test_without_a_control_or_the_model_there_is_no_margin():
    assert row(0.9).margin is None
    assert row(None, blank=0.9).margin is None


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
