"""Printing: JSON that programs read, and tables and facts that people read."""

import json

import pytest

from doctorsun.cli.printing import print_facts, print_json, print_rows, show


def test_json_keeps_chinese_as_it_is(capsys: pytest.CaptureFixture[str]):
    print_json({"name": "骨", "rows": [1, None]})
    text = capsys.readouterr().out
    assert "骨" in text
    assert json.loads(text) == {"name": "骨", "rows": [1, None]}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (12345, "12,345"), (0.123456, "0.123"), ("a", "a"), (["x"], "['x']")],
)
def test_values_are_written_for_people(value: object, text: str):
    assert show(value) == text


def test_rows_become_a_table_with_their_keys_as_columns(capsys: pytest.CaptureFixture[str]):
    print_rows({"task": name, "num_rows": count} for name, count in (("a[b]", 1), ("c", 2000)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["task", "num", "rows"]
    assert [line.split() for line in lines[1:3]] == [["a[b]", "1"], ["c", "2,000"]]


def test_no_rows_make_an_empty_table(capsys: pytest.CaptureFixture[str]):
    print_rows([])
    assert capsys.readouterr().out.strip() == ""


def test_facts_stand_one_a_line_with_nested_ones_indented(capsys: pytest.CaptureFixture[str]):
    print_facts({"rows": 3, "counts": {"zh": 1, "en": 2}})
    assert capsys.readouterr().out == "rows    3\ncounts:\n  zh  1\n  en  2\n"


def test_lists_stand_below_their_name(capsys: pytest.CaptureFixture[str]):
    print_facts({"rows": 3, "strange": ["one", "two"]})
    assert capsys.readouterr().out == "rows     3\nstrange:\n  one\n  two\n"
