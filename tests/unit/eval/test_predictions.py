"""Predictions on disk."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.errors import DataError
from doctorsun.eval.predictions import read_keyed_predictions, read_predictions, write_predictions

FOREIGN = {
    "id": ["1", "2"],
    "task": ["vqa_rad"] * 2,
    "language": ["en"] * 2,
    "kind": ["closed", "mcq"],
    "question": ["Is it?", "Which?"],
    "options": [[], ["left", "right"]],
    "gold": [["yes"], ["A"]],
    "output": ["yes", None],
    "cluster": ["a", "b"],
}


def test_every_field_comes_back(tmp_path, make_prediction):
    rows = [
        make_prediction(
            id="7", kind="mcq", options=("左", "right"), gold=("A",), option_logprobs=(-0.5, -2.0), num_tokens=3,
            truncated=True, image_control="shuffled", status="error", modality="ct", revision="abc",
        ),
        make_prediction(),
    ]  # fmt: skip
    write_predictions(tmp_path / "predictions.parquet", rows)

    assert read_predictions(tmp_path / "predictions.parquet") == rows


def test_keys_stand_beside_the_rows(tmp_path, make_prediction):
    write_predictions(tmp_path / "part.parquet", [make_prediction()], ["k1"])

    assert read_keyed_predictions(tmp_path / "part.parquet") == [(make_prediction(), "k1")]


def test_no_rows_are_a_file_too(tmp_path):
    write_predictions(tmp_path / "predictions.parquet", [])

    assert read_predictions(tmp_path / "predictions.parquet") == []


def test_other_systems_need_few_columns(tmp_path):
    pq.write_table(pa.table({**FOREIGN, "remark": ["x", "y"]}), tmp_path / "theirs.parquet")

    first, second = read_predictions(tmp_path / "theirs.parquet")

    assert (first.gold, first.options, first.status, first.image_control) == (("yes",), (), "ok", "real")
    assert (second.options, second.output) == (("left", "right"), "")


def test_plain_text_stands_for_a_list_of_one_and_numbers_for_ids(tmp_path):
    pq.write_table(pa.table({**FOREIGN, "id": [1, 2], "gold": ["yes", "A"]}), tmp_path / "theirs.parquet")

    rows = read_predictions(tmp_path / "theirs.parquet")

    assert [(row.id, row.gold) for row in rows] == [("1", ("yes",)), ("2", ("A",))]


def test_missing_columns_are_named(tmp_path):
    table = pa.table(FOREIGN).drop_columns(["gold", "cluster"])
    pq.write_table(table, tmp_path / "theirs.parquet")

    with pytest.raises(DataError, match=r"theirs.parquet: got columns id, .*, expected also gold, cluster; add the"):
        read_predictions(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("language", ["en", "fr"], "row 2, column language: got 'fr', expected zh or en or mixed"),
        ("kind", ["closed", "choice"], "row 2, column kind: got 'choice', expected closed or mcq or"),
        ("status", ["done", "ok"], "row 1, column status: got 'done', expected ok or error"),
        ("image_control", ["real", "black"], "row 2, column image_control: got 'black', expected real or blank"),
        ("gold", [["yes"], None], "row 2: got null in gold, expected a value"),
    ],
)
def test_wrong_values_are_named_with_their_row(tmp_path, column, values, message):
    pq.write_table(pa.table({**FOREIGN, column: values}), tmp_path / "theirs.parquet")

    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("option_logprobs", [["low"], []], "row 1, column option_logprobs: got .'low'., expected a list of numbers"),
        ("num_tokens", ["few", "3"], "row 1, column num_tokens: got 'few', expected a whole number"),
        ("truncated", ["true", "maybe"], "row 2, column truncated: got 'maybe', expected true or false"),
    ],
)
def test_numbers_in_words_are_named_with_their_row(tmp_path, column, values, message):
    pq.write_table(pa.table({**FOREIGN, column: values}), tmp_path / "theirs.parquet")

    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(("gold", "letters"), [("ACD", "ACD"), ("A, C", "AC"), ("B、D", "BD"), (["A", "C"], "AC")])
def test_several_letters_may_stand_in_one_text(tmp_path, gold, letters):
    table = {**FOREIGN, "kind": ["mcq_multi"] * 2, "options": [list("wxyz")] * 2, "gold": [gold] * 2}
    pq.write_table(pa.table(table), tmp_path / "theirs.parquet")

    assert read_predictions(tmp_path / "theirs.parquet")[0].gold == tuple(letters)


def test_a_gold_that_is_no_letters_is_named(tmp_path):
    table = {**FOREIGN, "kind": ["mcq_multi"] * 2, "gold": ["both", "A"]}
    pq.write_table(pa.table(table), tmp_path / "theirs.parquet")

    with pytest.raises(DataError, match="row 1, column gold: got 'both', expected the right letters, such as ACD"):
        read_predictions(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(
    ("kind", "gold", "got"),
    [("mcq", ["C"], "'C'"), ("mcq", ["left"], "'left'"), ("mcq", [], "no letter"), ("mcq_multi", ["A", "D"], "'D'")],
)
def test_a_gold_that_no_option_has_is_refused(tmp_path, kind, gold, got):
    pq.write_table(
        pa.table({**FOREIGN, "kind": ["closed", kind], "gold": [["yes"], gold]}), tmp_path / "theirs.parquet"
    )

    message = f"row 2, column gold: got {got}, expected letters of the 2 options, A to B; write the letter"
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "theirs.parquet")


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl"])
def test_an_empty_file_is_called_empty(tmp_path, name):
    (tmp_path / name).touch()

    with pytest.raises(DataError, match="got an empty file, expected a row for each answer"):
        read_predictions(tmp_path / name)


def test_a_second_answer_is_named_with_both_rows(tmp_path, make_prediction):
    rows = [make_prediction(id=name, task="own") for name in ("1", "2", "1")]
    write_predictions(tmp_path / "a.parquet", rows)

    message = r"row 3: got a second answer to question 1 of task own \(control real\), expected one, and row 1 is one"
    with pytest.raises(DataError, match=message):
        read_predictions(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("asked", "num"),
    [({"kind": "closed"}, 2), ({"kind": "mcq", "options": ("left", "right", "both"), "gold": ("A",)}, 3)],
)
def test_likelihoods_of_some_options_are_refused(tmp_path, make_prediction, asked, num):
    row = make_prediction(**asked, option_logprobs=(-1.0,))
    write_predictions(tmp_path / "a.parquet", [row])

    with pytest.raises(DataError, match=f"row 1, column option_logprobs: got 1 numbers, expected {num}, one for each"):
        read_predictions(tmp_path / "a.parquet")
