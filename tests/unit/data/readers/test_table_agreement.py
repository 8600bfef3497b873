"""Tests of tables that several people filled in, that lie beside others, and whose text files may be missing."""

from pathlib import Path
from typing import Any

import pytest

from carriers.pictures import grey, write_picture, write_table
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table import Table

BOX = ("x0", "y0", "x1", "y1")
OBJECTS = {"label": "{what}", "box": BOX, "person": "who", "votes": 2}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, name in enumerate(("a", "b")):
        write_picture(tmp_path / f"{name}.png", grey(seed, 40, 50))
    return tmp_path


def read(root: Path, **settings: Any) -> dict[str, Record]:
    table = Table.model_validate({"kind": "table", "files": "t.csv", "image": "{id}.png", "item": "{id}"} | settings)
    found = [table.read(pending, root) for pending in table.pending(root)]
    return {item[0].original_id: item[0] for item in found if not isinstance(item, Dropped)}


def test_all_must_agree_where_fewer_people_read_a_picture_than_votes_are_asked_for(root: Path) -> None:
    write_table(root / "t.csv", [("id", "mass"), ("a", 1), ("a", 1), ("a", 0), ("b", 1)])
    found = read(root, labels=[{"flags": ["mass"], "votes": 2}])
    assert (found["a"].labels, found["b"].labels) == ({"mass": True}, {"mass": True})


def test_boxes_that_two_people_drew_in_one_place_are_one_object(root: Path) -> None:
    rows = [
        ("a", "R1", "mass", 10, 10, 20, 20),
        ("a", "R2", "mass", 12, 10, 22, 20),
        ("a", "R2", "nodule", 1, 1, 5, 5),
        ("a", "R3", "nothing", "", "", "", ""),
        ("b", "R1", "nothing", "", "", "", ""),
        ("b", "R2", "nothing", "", "", "", ""),
    ]
    write_table(root / "t.csv", [("id", "who", "what", *BOX), *rows])
    found = read(root, objects=[OBJECTS])
    assert [(mark.label, mark.box_px) for mark in found["a"].marks] == [("mass", (11, 10, 21, 20))]
    assert found["a"].labels == {"mass": True}
    assert (found["b"].marks, found["b"].labels) == ((), {"nothing": True})


def test_rows_that_do_not_tell_a_person_are_of_one(root: Path) -> None:
    write_table(root / "t.csv", [("id", "what", *BOX), ("a", "mass", 1, 2, 9, 8), ("a", "mass", 1, 2, 9, 8)])
    marks = read(root, objects=[OBJECTS])["a"].marks
    assert [mark.box_px for mark in marks] == [(1, 2, 9, 8), (1, 2, 9, 8)]


def test_rows_count_by_what_the_name_of_their_table_tells(root: Path) -> None:
    write_table(root / "train.csv", [("id",), ("a",)])
    write_table(root / "notes.csv", [("remark",), ("not a list of pictures",)])
    assert list(read(root, files="{part}.csv", where={"part": ["train", "valid"]})) == ["a"]


def test_a_picture_without_its_text_file_is_kept_where_the_file_may_be_missing(root: Path) -> None:
    write_table(root / "t.csv", [("id",), ("a",), ("b",)])
    (root / "a.txt").write_text("Clear lungs.")
    texts = {"kind": "report", "language": "en", "file": "{id}.txt"}
    assert list(read(root, texts=[texts])) == ["a"]
    found = read(root, texts=[texts | {"required": False}])
    assert [[text.text for text in found[name].texts] for name in ("a", "b")] == [["Clear lungs."], []]
