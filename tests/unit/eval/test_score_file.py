"""Scores of a file of predictions by named protocols."""

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.predictions import write_predictions
from doctorsun.eval.score_file import score_file


@pytest.fixture
def file(tmp_path, make_prediction):
    """Return a file of one closed and one open answer."""
    path = tmp_path / "predictions.parquet"
    rows = [
        make_prediction(gold=("no",), output="Normal study."),
        make_prediction(id="2", kind="open", gold=("left lung",), output="lung lung lung"),
    ]
    write_predictions(path, rows)
    return path


def values(scores, metric):
    return {(row.protocol, row.kind): row.value for row in scores if row.metric == metric and row.slice is None}


def test_protocols_stand_side_by_side(file):
    scores = score_file(file, ["polarity@2", "llava_med@1", "medevalkit@1"])

    assert values(scores, "accuracy") == {
        ("polarity@2", "closed"): 0,
        ("llava_med@1", "closed"): 1,
        ("medevalkit@1", "closed"): 1,
        ("medevalkit@1", "open"): 0,
    }
    assert values(scores, "recall")["llava_med@1", "open"] == 0.75


def test_without_names_the_house_protocols_judge(file):
    assert {row.protocol for row in score_file(file)} == {"polarity@2", "open_tokens@1"}


def test_without_names_likelihoods_are_judged_too(tmp_path, make_prediction):
    path = tmp_path / "predictions.parquet"
    write_predictions(path, [make_prediction(option_logprobs=(-0.5, -2.0), output="maybe")])

    assert values(score_file(path), "accuracy") == {("polarity@2", "closed"): 0, ("closed_loglik@1", "closed"): 1}


def test_kinds_that_no_named_protocol_judges_have_no_score(file):
    assert {row.protocol for row in score_file(file, ["llava_med@1", "polarity@2"])} == {"llava_med@1", "polarity@2"}
    assert {row.protocol for row in score_file(file, ["polarity@2"])} == {"polarity@2"}


def test_a_name_given_twice_counts_once(file):
    assert score_file(file, ["polarity@2", "polarity@2"]) == score_file(file, ["polarity@2"])


def test_a_protocol_of_other_kinds_is_refused(file):
    message = r"protocol cmb_official@1 on .*: got answers of kind closed, open, expected mcq or mcq_multi; leave this"
    with pytest.raises(DataError, match=message):
        score_file(file, ["polarity@2", "cmb_official@1"])


def test_an_unknown_protocol_is_refused(file):
    with pytest.raises(RecipeError, match="protocol: got 'bleu', expected one of polarity@2"):
        score_file(file, ["bleu"])


def test_a_protocol_without_its_version_is_guessed(file):
    with pytest.raises(RecipeError, match=r"got 'mcq_strict', .*; did you mean 'mcq_strict@\d'\?"):
        score_file(file, ["mcq_strict"])
