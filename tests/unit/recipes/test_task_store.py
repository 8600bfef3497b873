"""Stores of tasks: read once from downloaded files, read again when these change, and facts beside the answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import DataError
from doctorsun.eval.tasks import Task, task_named
from doctorsun.eval.tasks.load import drawn_page
from doctorsun.recipes.task_store import open_asked
from published_data import write_images, write_json
from small_model import png, question, write_store

PAGE = """name: mine
title: My questions
languages: [en]
licence: CC0-1.0
citation: Nobody.
sources: [{format: questions, files: questions.json, language: en, columns: {images: image}}]
expected_rows: 3
sha256: {questions.json: 00ff}
"""
ROWS = [
    {"question": "Is there a mass?", "answer": "Yes", "image": "images/1.png"},
    {"question": "Which organ?", "answer": "liver", "image": "images/2.png"},
    {"question": "Which?", "answer": ""},
]


def mine(folder: Path) -> Task:
    (folder / "mine.yaml").write_text(PAGE, encoding="utf-8")
    return task_named(str(folder / "mine.yaml"))


def facts(out: Path) -> dict[str, Any]:
    return json.loads((out / "task.json").read_text(encoding="utf-8"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_json(tmp_path / "data/questions.json", ROWS)
    write_images(tmp_path / "data", ["images/1.png"])
    return tmp_path / "data"


def test_what_differs_and_what_is_missing_is_told_and_kept(tmp_path: Path, data: Path) -> None:
    told: list[str] = []
    out = tmp_path / "out"
    out.mkdir()
    store = open_asked(mine(tmp_path), data, out, told.append)
    assert [sample.answer.gold for sample in store] == [("yes",), ("liver",)]
    assert told[0] == "mine: reading questions.json"
    assert told[1].startswith("mine: 2 questions, the published test set has 3;")
    assert told[2].startswith("mine: questions.json is not the published file (SHA-256 ")
    images = "1 images: images/2.png; task.json names all"
    assert told[3:] == [
        "mine: 1 records cannot be asked (no_answer)",
        f"mine: 1 questions lack images and count as errors where images are shown ({images})",
    ]
    kept = facts(out)
    assert (kept["rows"], kept["kinds"], kept["dropped"]) == (2, {"closed": 1, "open": 1}, {"no_answer": 1})
    assert kept["missing_images"] == ["images/2.png"]
    assert kept["warnings"] == told[1:]
    assert [each["name"] for each in kept["files"]] == ["questions.json"]


def test_questions_are_read_again_only_when_something_changed(tmp_path: Path, data: Path) -> None:
    told: list[str] = []
    page, out = mine(tmp_path), tmp_path / "out"
    out.mkdir()
    open_asked(page, data, out, told.append)
    write_images(data, ["images/1.png", "images/2.png"])
    assert open_asked(page, data, out, told.append).rows_without_images() == []  # the image has come
    told.clear()
    open_asked(page, data, out, told.append)
    assert "mine: reading questions.json" not in told
    write_json(data / "questions.json", ROWS[:1])
    assert len(open_asked(page, data, out, told.append)) == 1
    assert "mine: reading questions.json" in told


def test_a_replaced_image_is_read_again(tmp_path: Path, data: Path) -> None:
    write_json(data / "questions.json", ROWS[:1])
    (tmp_path / "out").mkdir()
    before = open_asked(mine(tmp_path), data, tmp_path / "out", [].append)[0].images[0]
    (data / "images/1.png").write_bytes(png(7, width=40, height=28))
    after = open_asked(mine(tmp_path), data, tmp_path / "out", [].append)[0].images[0]
    assert after.path == before.path
    assert after.bytes == png(7, width=40, height=28)
    assert after.sha256 != before.sha256


def test_a_store_is_asked_as_it_is(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [question("q", "Is it?", "Yes.")])
    (tmp_path / "out").mkdir()
    found = open_asked(task_named("vqa_rad"), store.folder, tmp_path / "out", [].append)
    assert facts(tmp_path / "out")["store"] == str(store.folder)
    assert found.sha256 == store.sha256
    assert [each["name"] for each in facts(tmp_path / "out")["files"]] == ["manifest.json"]


def test_the_folder_of_several_stores_is_no_task(tmp_path: Path) -> None:
    write_store(tmp_path / "stores/vqa_rad/test", [question("q", "Is it?", "Yes.")])
    with pytest.raises(DataError, match=r"stores/vqa_rad is not a store: got no manifest.json in it"):
        open_asked(task_named("vqa_rad"), tmp_path / "stores/vqa_rad", tmp_path, [].append)


def test_other_answers_in_a_second_file_are_read_again(tmp_path: Path) -> None:
    options = {"A": "甲", "B": "乙"}
    row = {"id": 3, "exam_class": "执业医师", "question": "哪项？", "question_type": "单项选择题", "option": options}
    write_json(tmp_path / "data/CMB-test-choice-question-merge.json", [row])
    (tmp_path / "out").mkdir()
    for letter in "AB":
        write_json(tmp_path / "data/CMB-test-choice-answer.json", [{"id": 3, "answer": letter}])
        store = open_asked(task_named("cmb_exam"), tmp_path / "data", tmp_path / "out", [].append)
        assert [sample.answer.gold for sample in store if sample.answer] == [(letter,)]
    names = [each["name"] for each in facts(tmp_path / "out")["files"]]
    assert names == ["CMB-test-choice-question-merge.json", "CMB-test-choice-answer.json"]


def test_a_protocol_that_judges_none_of_the_questions_is_told(tmp_path: Path, data: Path) -> None:
    page = mine(tmp_path).model_copy(update={"protocols": ("mcq_strict@1", "polarity@2")})
    told: list[str] = []
    (tmp_path / "out").mkdir()
    open_asked(page, data, tmp_path / "out", told.append)
    assert told[-1] == (
        "mine: the page's protocol mcq_strict@1 judges none of these questions (closed, open); "
        "they are scored by open_tokens@1, polarity@2"
    )
    assert not any("protocol polarity@2" in line for line in told)


@pytest.mark.parametrize(("file", "split"), [("test.csv", "test"), ("val.csv", "validation")])
def test_the_split_is_that_of_the_file_which_was_read(tmp_path: Path, file: str, split: str) -> None:
    (tmp_path / "data").mkdir()
    rows = 'Question,Options,Answer,Explanation\n胃属于,"A 脏\nB 腑",B,nan\n'
    (tmp_path / "data" / file).write_text(rows, encoding="utf-8")
    (tmp_path / "out").mkdir()
    told: list[str] = []
    open_asked(task_named("cmexam"), tmp_path / "data", tmp_path / "out", told.append)
    assert (facts(tmp_path / "out")["split"], facts(tmp_path / "out")["shows_images"]) == (split, False)
    assert any("the validation split is asked" in line for line in told) == (split == "validation")


def test_what_is_drawn_needs_no_folder_but_its_page(tmp_path: Path) -> None:
    page = drawn_page("injection")
    assert page is not None
    told: list[str] = []
    store = open_asked(task_named("injection"), page, tmp_path, told.append)
    assert (len(store), told) == (1600, ["injection: reading injection.yaml"])
    assert open_asked(task_named("injection"), page, tmp_path, told.append).sha256 == store.sha256
    assert len(told) == 1  # not drawn again
    assert drawn_page("phantom") is None
