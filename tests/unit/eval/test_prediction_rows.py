"""Predictions of other systems as Parquet, JSON lines and CSV."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.prediction_rows import rows_of
from doctorsun.eval.predictions import read_predictions

ROWS = [
    {
        "id": "1", "task": "vqa_rad", "language": "en", "kind": "closed", "question": 'Is "it", there?', "options": [],
        "gold": ["yes"], "output": "Yes,\nit is\u2028there", "cluster": "a", "num_tokens": 3, "truncated": False,
    },
    {
        "id": "2", "task": "vqa_rad", "language": "zh", "kind": "mcq", "question": "哪一侧？", "options": ["左", "右"],
        "gold": ["B"], "output": "", "cluster": "b", "option_logprobs": [-1.5, -0.25], "truncated": True,
    },
]  # fmt: skip


NAMES = list(dict.fromkeys(name for row in ROWS for name in row))


def parquet(path):
    pq.write_table(pa.table({name: [row.get(name) for row in ROWS] for name in NAMES}), path)


def json_lines(path):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS) + "\n\n", encoding="utf-8")


def csv_cells(path):
    lines = [",".join(NAMES)]
    for row in ROWS:
        values = (row.get(name, "") for name in NAMES)
        texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
        lines.append(",".join('"' + text.replace('"', '""') + '"' for text in texts))
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode())


@pytest.mark.parametrize(("name", "write"), [("a.parquet", parquet), ("a.jsonl", json_lines), ("a.CSV", csv_cells)])
def test_the_same_answers_come_from_every_form(tmp_path, name, write):
    write(tmp_path / name)

    first, second = read_predictions(tmp_path / name)

    assert (first.question, first.options, first.gold) == ('Is "it", there?', (), ("yes",))
    assert (first.output, first.num_tokens, first.truncated) == ("Yes,\nit is\u2028there", 3, False)
    assert (second.options, second.option_logprobs, second.truncated) == (("左", "右"), (-1.5, -0.25), True)
    assert (second.output, second.num_tokens) == ("", 0)


def test_a_cell_that_only_looks_like_a_list_is_text(tmp_path):
    (tmp_path / "a.csv").write_text("id,output\n1,[see report]\n")

    assert rows_of(tmp_path / "a.csv") == (["id", "output"], [{"id": "1", "output": "[see report]"}])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"no parquet", r"predictions .*a.parquet: got .*, expected a readable Parquet file"),
        ("a.jsonl", b"{}\n{'id': 1}", r"a.jsonl:2: got Expecting .*, expected one JSON object on each line"),
        ("a.jsonl", b"[1, 2]", r"a.jsonl:1: got list, expected one JSON object on each line"),
        ("a.jsonl", b'[{"id": 1}]', r"a.jsonl:1: got list, .*; write each answer of the list on a line of its own"),
        ("a.jsonl", b"[\n{}\n]", r"a.jsonl:1: got Expecting .*; write each answer of the list on a line of its own"),
        (
            "a.jsonl",
            b"{}\n\xff",
            r"a.jsonl:2: got text in another encoding, expected text in UTF-8; .*iconv -f GB18030",
        ),
        ("a.csv", b"id;task\n1;own", r"a.csv: got columns divided by ';', expected .* commas; save it with commas"),
        ("a.csv", b"id,gold\n1,2,3", r"a.csv:2: got more cells than columns, expected one cell for each column"),
        ("a.csv", b'id,gold\n1,"x', r"a.csv:\d: got .*, expected a readable CSV file"),
    ],
)
def test_unreadable_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=message):
        rows_of(tmp_path / name)


def test_what_is_no_file_of_predictions_is_a_wrong_argument(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    for name, got in (("", "a folder"), ("a.csv", "no such file"), ("a.xlsx", "the ending '.xlsx'")):
        with pytest.raises(
            RecipeError, match=f"got {got}, expected a file of predictions: .parquet, .jsonl or .csv; name"
        ):
            rows_of(tmp_path / name)
