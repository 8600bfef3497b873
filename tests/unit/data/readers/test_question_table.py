"""The reader of tables of questions: columns by name, and what makes a record no question."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from doctorsun.config.collection import ImportSource
from doctorsun.config.question_table import QuestionColumns
from doctorsun.data.readers.exam_options import listed_text
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.question_table import open_questions
from doctorsun.data.readers.tables import headless_values
from doctorsun.errors import DataError
from doctorsun.schema import Sample
from published_data import write_images, write_json


def read(path: Path, **columns: Any) -> tuple[list[Sample], list[str]]:
    section = ImportSource(format="questions", path=str(path), columns=QuestionColumns(**columns))
    reader = open_questions(section)
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    return samples, [item.reason for item in items if isinstance(item, Dropped)]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"question": "", "answer": "yes"}, "no_question"),
        ({"question": "Which?", "answer": ""}, "no_answer"),
        ({"question": "Which?", "answer": "..."}, "no_answer"),
        ({"question": "Which?", "answer": "C", "options": ["x", "y"]}, "no_answer"),
        ({"question": "Which?", "answer": "A", "options": ["x"]}, "no_options"),
        ({"question": "Which?", "answer": "A", "options": ["x", "", "z"]}, "no_options"),
        ({"question": "Which?", "answer": "B", "options": {"B": "x", "C": "y"}}, "option_letters"),
        ({"question": "Which?", "answer": "A", "options": ["x", "x", "z"]}, "ambiguous_answer"),
        ({"question": "Which?", "answer": "A", "options": ["x", "y"], "image": "12"}, "rotation"),
        ({"question": "Which?", "answer": "A", "options": ["x", "y"], "image": 12}, "rotation"),
    ],
)
def test_a_record_that_cannot_be_asked_is_dropped_with_its_reason(
    tmp_path: Path, record: dict[str, Any], reason: str
) -> None:
    write_json(tmp_path / "q.json", [record])
    assert read(tmp_path / "q.json", options="options", images="image") == ([], [reason])


def test_kinds_are_told_by_the_answer_where_no_column_tells_them(tmp_path: Path) -> None:
    answers = ["Yes", "是的", "left lung", ["nodule", "mass"], 3, "['CT', 'computed tomography']"]
    write_json(tmp_path / "q.json", [{"question": "Q?", "answer": answer} for answer in answers])
    samples, _ = read(tmp_path / "q.json")
    assert [(each.answer.kind, each.answer.gold) for each in samples if each.answer] == [
        ("closed", ("yes",)),
        ("closed", ("是的",)),
        ("open", ("left lung",)),
        ("open", ("nodule", "mass")),
        ("open", ("3",)),
        ("open", ("CT", "computed tomography")),
    ]


def test_a_column_tells_kinds(tmp_path: Path) -> None:
    rows = [
        {"question": "Which?", "answer": "MRI", "kind": "CLOSED "},
        {"question": "Is it?", "answer": "yes", "kind": "open"},
        {"question": "哪些？", "answer": "A", "kind": "多选", "options": ["甲", "乙"]},
    ]
    write_json(tmp_path / "q.json", rows)
    samples, _ = read(tmp_path / "q.json", kind="kind", options="options")
    assert [each.answer.kind for each in samples if each.answer] == ["closed", "open", "mcq_multi"]
    assert samples[2].messages[0].text == "哪些？（多选）\nA. 甲\nB. 乙"


def test_images_of_several_columns_and_lists(tmp_path: Path) -> None:
    write_json(
        tmp_path / "q.json", [{"question": "Same?", "answer": "no", "first": "a.png", "others": "['b.png', 'c.png']"}]
    )
    write_images(tmp_path, ["a.png", "b.png"])
    samples, _ = read(tmp_path / "q.json", images=("first", "others"))
    assert [bool(image.bytes) for image in samples[0].images] == [True, True, False]
    assert samples[0].messages[0].num_images == 3


def test_numbers_of_options_outside_of_them_are_no_answer(tmp_path: Path) -> None:
    rows = [{"question": "Q?", "o": ["x", "y"], "n": number} for number in (0, 1, 2, 3, -1)]
    write_json(tmp_path / "q.json", rows)
    samples, dropped = read(tmp_path / "q.json", options="o", answer="n", answer_base=1)
    assert [each.answer.gold for each in samples if each.answer] == [("A",), ("B",)]
    assert Counter(dropped) == Counter(no_answer=3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['a', \"b's\"]", ["a", "b's"]),
        ('["a", null]', ["a", None]),
        ('{"A": "x"}', {"A": "x"}),
        ("[Fe]", "[Fe]"),
        ("[", "["),
        (7, 7),
    ],
)
def test_lists_that_are_written_as_text(text: Any, value: Any) -> None:
    assert listed_text(text) == value


def test_a_table_without_a_header_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,"b\n')
    with pytest.raises(DataError, match=r"t.csv, line 1: got .*, expected values between ','"):
        list(headless_values(tmp_path / "t.csv", ("x", "y")))


def test_the_file_of_answers_is_no_table_of_questions(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", [{"id": 1, "answer": "yes"}])
    write_json(tmp_path / "q.json", [{"id": 1, "question": "Is it?"}])
    second = {"file": "a.json", "key": "id", "answer": "answer"}
    samples, dropped = read(tmp_path, answers=second)
    assert (len(samples), dropped) == (1, [])
    assert json.loads((tmp_path / "a.json").read_text())[0]["answer"] == samples[0].messages[1].text
