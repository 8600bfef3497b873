import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from doctorsun.data.readers.coco import Coco
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.rle import mask_of_runs
from doctorsun.errors import DataError

SIZE = (6, 8)


def lay(root: Path, *annotations: dict[str, Any], **image: Any) -> None:
    (root / "train").mkdir(exist_ok=True)
    for name in ("a.png", "b.png"):
        PIL.Image.fromarray(np.zeros(SIZE, dtype=np.uint8)).save(root / "train" / name)
    content = {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 8, "height": 6, **image},
            {"id": 9, "file_name": "b.png", "license": 3},
        ],
        "categories": [{"id": 4, "name": "polyp"}, {"id": 1, "name": "tool"}],
        "annotations": [{"id": n, "image_id": 7, "category_id": 4, **each} for n, each in enumerate(annotations)],
    }
    (root / "instances_train.json").write_text(json.dumps(content))


def read(root: Path) -> list[Record | Dropped]:
    section = Coco(kind="coco", annotations="instances_{split}.json", image="{split}/{file_name}")
    items = [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301
    return [each for item in items for each in ([item] if isinstance(item, Dropped) else item)]


def first(root: Path) -> Record:
    record = read(root)[0]
    assert isinstance(record, Record)
    return record


def packed(counts: list[int]) -> str:
    """Write run lengths as rleToString of COCO's maskApi.c does."""
    text = ""
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != -1 if bits & 0x10 else value != 0
            text += chr((bits | 0x20 if more else bits) + 48)
    return text


def test_boxes_and_images_without_any(tmp_path: Path):
    lay(tmp_path, {"bbox": [1, 2, 3.5, 2]}, {"bbox": [6, 0, 9, 9], "category_id": 1})
    a, b = read(tmp_path)
    assert isinstance(a, Record)
    assert isinstance(b, Record)
    assert [(mark.label, mark.box_px, mark.mask) for mark in a.marks] == [
        ("polyp", (1, 2, 4.5, 4), None),
        ("tool", (6, 0, 8, 6), None),
    ]
    assert (a.original_id, a.fields["split"], a.labels) == (
        "instances_train.json/7",
        "train",
        {"polyp": True, "tool": True},
    )
    assert (b.marks, b.labels, b.fields["license"]) == ((), {}, "3")


def test_polygons_of_one_object_make_one_mask(tmp_path: Path):
    lay(tmp_path, {"segmentation": [[0, 0, 2, 0, 2, 2, 0, 2], [5, 4, 8, 4, 8, 6, 5, 6]]})
    (mark,) = first(tmp_path).marks
    assert mark.mask is not None
    assert mark.mask.sum() == 4 + 6
    assert mark.box_px == (0, 0, 8, 6)


@pytest.mark.parametrize("form", [list, packed])
def test_run_lengths_go_down_the_columns(tmp_path: Path, form: Any):
    mask = np.random.default_rng(5).random(SIZE) < 0.4
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]]).astype(int))).tolist()
    counts = [end - start for start, end in zip([0, *edges], edges, strict=False)]
    assert np.array_equal(mask_of_runs({"size": list(SIZE), "counts": form(counts)}), mask)
    lay(tmp_path, {"segmentation": {"size": list(SIZE), "counts": form(counts)}})
    (mark,) = first(tmp_path).marks
    np.testing.assert_array_equal(mark.mask, mask)


def test_long_runs_are_packed_in_several_characters():
    counts = [100_000, 70_000, 3, 29_997]
    mask = mask_of_runs({"size": [400, 500], "counts": packed(counts)})
    assert mask.sum() == 70_000 + 29_997


def test_a_crowd_is_there_but_no_object(tmp_path: Path):
    lay(tmp_path, {"bbox": [0, 0, 2, 2], "iscrowd": 1})
    record = first(tmp_path)
    assert (record.marks, record.labels) == ((), {"polyp": True})


@pytest.mark.parametrize(
    ("annotation", "detail"),
    [
        ({}, "0: neither a box nor a shape"),
        ({"bbox": [9, 0, 2, 2]}, "0: the box [9, 0, 2, 2] is outside the picture"),
        ({"bbox": [1, 2, 3]}, "0: not enough values"),
        ({"bbox": ["x", 0, 1, 1]}, "0: could not convert"),
        ({"segmentation": {"size": [6, 8], "counts": [1, 2]}}, "0: run lengths of 3 pixels for 8 x 6"),
        ({"segmentation": {"size": [2, 2], "counts": [1, 3]}}, "0: a mask of 2 x 2 pixels"),
        ({"segmentation": {"counts": [1, 3]}}, "0: run lengths without size or counts"),
        ({"segmentation": [[1, 2, 3]]}, "0: zip()"),
        ({"segmentation": [[1, None]]}, "0: float()"),
    ],
)
def test_faults_of_an_annotation_drop_its_picture(tmp_path: Path, annotation: dict[str, Any], detail: str):
    lay(tmp_path, annotation)
    dropped, other = read(tmp_path)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "annotation"
    assert dropped.detail.startswith(detail)
    assert isinstance(other, Record)


def test_another_size_and_a_missing_picture(tmp_path: Path):
    lay(tmp_path, width=9)
    assert read(tmp_path)[0] == Dropped("instances_train.json/7", "size_mismatch", "annotated 9 x 6, picture 8 x 6")
    lay(tmp_path, file_name="c.png")
    assert read(tmp_path)[0] == Dropped("instances_train.json/7", "no_file", "train/c.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"got Expecting .*, expected a JSON object with images, annotations, categories"),
        ("[]", r"got no list images, annotations, categories, expected COCO's images"),
        ('{"images": [], "categories": {}, "annotations": []}', r"got no list categories"),
        ('{"images": [{}], "categories": [], "annotations": []}', r"images, entry 0: expected an object with id"),
        (
            '{"images": [{"id": 1}], "categories": [], "annotations": [{"id": 5, "image_id": 1, "category_id": 2}]}',
            r"annotation 5: got image 1, category 2, expected ones that the file lists",
        ),
    ],
)
def test_files_that_are_not_coco_are_told(tmp_path: Path, content: str, message: str):
    (tmp_path / "instances_train.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read(tmp_path)
