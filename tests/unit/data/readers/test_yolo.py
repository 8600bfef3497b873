import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pydantic import ValidationError

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.yolo import Yolo
from doctorsun.errors import DataError


def lay(root: Path, text: str | bytes | None) -> None:
    for folder in ("images/val", "labels/val"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.zeros((30, 40), dtype=np.uint8)).save(root / "images/val/a.png")
    if text is not None:
        (root / "labels/val/a.txt").write_bytes(text if isinstance(text, bytes) else text.encode())


def read(root: Path, **settings: Any) -> Record | Dropped:
    names = {} if "names_file" in settings else {"names": ["mass", "node"]}
    section = Yolo.model_validate(
        {"kind": "yolo", "images": "images/{split}/{name}.png", "labels": "labels/{split}/{name}.txt"}
        | names
        | settings
    )
    (pending,) = section.pending(root)
    found = section.read(pickle.loads(pickle.dumps(pending)), root)  # noqa: S301
    return found if isinstance(found, Dropped) else found[0]


def record(root: Path, **settings: Any) -> Record:
    found = read(root, **settings)
    assert isinstance(found, Record)
    return found


def test_boxes_are_shares_of_the_picture(tmp_path: Path):
    lay(tmp_path, "1 0.5 0.5 0.5 0.2\r\n\n0 0 0 0.1 0.2\n")
    found = record(tmp_path)
    assert [mark.label for mark in found.marks] == ["node", "mass"]
    np.testing.assert_allclose([mark.box_px for mark in found.marks], [(10, 12, 30, 18), (0, 0, 2, 3)])
    assert found.fields == {"split": "val", "name": "a"}


def test_polygons_are_masks(tmp_path: Path):
    lay(tmp_path, "0 0.25 0 0.5 0 0.5 0.5 0.25 0.5")
    (mark,) = record(tmp_path).marks
    assert mark.box_px == (10, 0, 20, 15)
    assert mark.mask is not None
    assert mark.mask.sum() == 150


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_a_picture_without_labels_has_no_objects(tmp_path: Path, text: str | None):
    lay(tmp_path, text)
    assert record(tmp_path).marks == ()


@pytest.mark.parametrize("names", ["names: [mass, node]", "nc: 2\nnames:\n  0: mass\n  1: node\n"])
def test_names_of_the_data_set(tmp_path: Path, names: str):
    lay(tmp_path, "1 0.5 0.5 0.5 0.2")
    (tmp_path / "data.yaml").write_text(names)
    assert [mark.label for mark in record(tmp_path, names_file="data.yaml").marks] == ["node"]


@pytest.mark.parametrize(
    "line",
    [
        "1 0.5 0.5 0.5",
        "1 0.5 0.5 0.5 0.2 0.9",
        "x 0 0 1 1",
        "-1 0 0 1 1",
        "1 2 2 0.1 0.1",
        "0 a b c d",
        "0 0 0 1 1 0 0",
    ],
)
def test_a_line_that_is_no_object_drops_its_picture(tmp_path: Path, line: str):
    lay(tmp_path, f"1 0.5 0.5 0.5 0.2\n{line}")
    assert read(tmp_path) == Dropped("images/val/a.png", "annotation", f"a.txt, line 2: {line}")


def test_a_damaged_label_file_drops_its_picture(tmp_path: Path):
    lay(tmp_path, b"0 \0")
    dropped = read(tmp_path)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "annotation"
    assert "NUL" in dropped.detail


def test_classes_without_a_name_are_told(tmp_path: Path):
    lay(tmp_path, "2 0.5 0.5 0.5 0.2")
    with pytest.raises(DataError, match=r"a.txt, line 1: got class 2, expected 0: mass, 1: node; correct the names"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["[", "path: x", "names: 3", "names: {a: b}", "3"])
def test_files_without_names_are_told(tmp_path: Path, text: str):
    lay(tmp_path, "0 0.5 0.5 0.5 0.2")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data.yaml: got .*, expected (YAML with names|a list of names)"):
        read(tmp_path, names_file="data.yaml")


def test_names_are_given_once():
    with pytest.raises(ValidationError, match="the classes have either names or a names_file"):
        Yolo(kind="yolo", images="x", labels="y")
