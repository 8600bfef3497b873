import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.voc import Voc


def lay(root: Path, *objects: str, size: str = "<size><width>40</width><height>30</height></size>") -> None:
    (root / "Annotations").mkdir()
    (root / "JPEGImages").mkdir()
    PIL.Image.fromarray(np.zeros((30, 40, 3), dtype=np.uint8)).save(root / "JPEGImages/a.jpg")
    text = f"<annotation><filename> a.jpg </filename>{size}{''.join(objects)}</annotation>"
    (root / "Annotations/a.xml").write_text(text)


def item(name: str, *box: object, difficult: int = 0) -> str:
    corners = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{corners}</bndbox></object>"


def read(root: Path, **settings: Any) -> Record | Dropped:
    section = Voc.model_validate(
        {"kind": "voc", "annotations": "Annotations/{name}.xml", "image": "JPEGImages/{name}.*"} | settings
    )
    (pending,) = section.pending(root)
    found = section.read(pickle.loads(pickle.dumps(pending)), root)  # noqa: S301
    return found if isinstance(found, Dropped) else found[0]


def boxes(root: Path, **settings: Any) -> list[tuple[str, tuple[float, ...]]]:
    record = read(root, **settings)
    assert isinstance(record, Record)
    return [(mark.label, mark.box_px) for mark in record.marks]


def test_pixels_count_from_1_and_boxes_end_with_their_last(tmp_path: Path):
    lay(tmp_path, item("RBC", 1, 1, 40, 30), item("WBC", 5, 7, 5, 7))
    assert boxes(tmp_path) == [("RBC", (0, 0, 40, 30)), ("WBC", (4, 6, 5, 7))]
    assert boxes(tmp_path, image="JPEGImages/{filename}") == boxes(tmp_path)


def test_pixels_that_count_from_0_are_a_setting(tmp_path: Path):
    lay(tmp_path, item("x", 0, 2, 10.5, 99))
    assert boxes(tmp_path, form={}) == [("x", (0, 2, 10.5, 30))]


def test_difficult_objects_may_be_left_out(tmp_path: Path):
    lay(tmp_path, item("x", 1, 1, 5, 5, difficult=1), item("y", 1, 1, 5, 5))
    assert [name for name, _ in boxes(tmp_path)] == ["x", "y"]
    assert [name for name, _ in boxes(tmp_path, difficult=False)] == ["y"]


def test_a_picture_without_objects_and_without_a_size_is_a_record(tmp_path: Path):
    lay(tmp_path, size="")
    assert boxes(tmp_path) == []


@pytest.mark.parametrize(
    ("box", "reason", "detail"),
    [
        (item("x", 9, 9, 5, 5), "box", "'x' at 9 9 5 5"),
        (item("x", 50, 1, 60, 5), "box", "'x' at 50 1 60 5"),
        (item("x", 1, "two", 3, 4), "box", "'x' at 1 two 3 4"),
        (item("", 1, 2, 3, 4), "box", "'' at 1 2 3 4"),
        ("<object><name>x</name></object>", "box", "'x' at "),
        ("<object>", "annotation", "mismatched tag"),
    ],
)
def test_faults_drop_the_picture(tmp_path: Path, box: str, reason: str, detail: str):
    lay(tmp_path, box)
    dropped = read(tmp_path)
    assert isinstance(dropped, Dropped)
    assert (dropped.original_id, dropped.reason) == ("Annotations/a.xml", reason)
    assert dropped.detail.startswith(detail)


@pytest.mark.parametrize("width", ["41", "forty"])
def test_a_wrong_size_is_told(tmp_path: Path, width: str):
    lay(tmp_path, size=f"<size><width>{width}</width><height>30</height></size>")
    detail = f"annotated {width} x 30, picture 40 x 30"
    assert read(tmp_path) == Dropped("Annotations/a.xml", "size_mismatch", detail)


def test_a_missing_picture_is_told(tmp_path: Path):
    lay(tmp_path)
    assert read(tmp_path, image="{name}.png") == Dropped("Annotations/a.xml", "no_file", "a.png")
