import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pydantic import ValidationError

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.mask_images import MaskImages
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError

TWO = np.array([[1, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2]], dtype=np.uint8)


def picture(path: Path, pixels: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((3, 4), 50, dtype=np.uint8) if pixels is None else pixels).save(path)


def reader(images: str, *masks: dict[str, Any], **settings: Any) -> MaskImages:
    return MaskImages.model_validate({"kind": "mask_images", "images": images, "masks": list(masks), **settings})


def read(section: MaskImages, root: Path) -> list[Record | Dropped]:
    items = [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301
    return [each for item in items for each in ([item] if isinstance(item, Dropped) else item)]


def test_each_object_of_a_mask_is_marked(tmp_path: Path):
    picture(tmp_path / "images/a.png")
    picture(tmp_path / "masks/a.png", TWO)
    (record,) = read(reader("images/{name}.png", {"files": "masks/{name}.png", "label": "polyp"}), tmp_path)
    assert isinstance(record, Record)
    assert [(mark.label, mark.box_px) for mark in record.marks] == [("polyp", (0, 0, 2, 1)), ("polyp", (3, 1, 4, 3))]
    assert record.labels == {"polyp": True}
    assert record.fields["name"] == "a"
    assert record.original_id == "images/a.png"


def test_values_of_a_label_map_are_labels_and_those_not_there_are_absent(tmp_path: Path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "a_mask.png", TWO)
    section = reader("{name}.png", {"files": "{name}_mask.png", "values": {"1": "disc", "2": "cup", "3": "scar"}})
    records = read(section, tmp_path)
    assert isinstance(records[0], Record)
    assert records[0].labels == {"disc": True, "cup": True, "scar": False}
    assert isinstance(records[1], Dropped)  # the mask itself is like the pattern, and has no mask


def test_labels_are_captured_from_names_and_several_masks_add_up(tmp_path: Path):
    for number, masks in ((1, ("_mask", "_mask_1")), (2, ("_mask",))):
        picture(tmp_path / f"benign/benign ({number}).png")
        for name in masks:
            picture(tmp_path / f"benign/benign ({number}){name}.png", TWO)
    picture(tmp_path / "normal/normal (1).png")
    picture(tmp_path / "normal/normal (1)_mask.png", TWO * 0)
    masks = {"files": "{label}/{kind} ({number})_mask*.png", "label": "{label}", "objects": "one"}
    records = read(reader("{label}/{kind} ({number}).png", masks, label="{label}"), tmp_path)
    assert [len(each.marks) for each in records if isinstance(each, Record)] == [2, 1, 0]
    assert [each.labels for each in records if isinstance(each, Record)] == [
        {"benign": True},
        {"benign": True},
        {"normal": True},
    ]


def test_the_label_of_a_mask_file_may_stand_in_its_own_name(tmp_path: Path):
    picture(tmp_path / "i/a.png")
    picture(tmp_path / "m/a_vein.png", TWO)
    picture(tmp_path / "m/a_artery.png", TWO * 0)
    (record,) = read(reader("i/{name}.png", {"files": "m/{name}_{label}.png", "label": "{label}"}), tmp_path)
    assert isinstance(record, Record)
    assert record.labels == {"artery": False, "vein": True}


def test_objects_that_are_too_small_are_neither_marked_nor_denied(tmp_path: Path):
    picture(tmp_path / "i/a.png")
    picture(tmp_path / "m/a.png", TWO)
    masks = {"files": "m/{name}.png", "label": "x", "min_pixels": 3}
    (record,) = read(reader("i/{name}.png", masks), tmp_path)
    assert isinstance(record, Record)
    assert (record.marks, record.labels) == ((), {})


@pytest.mark.parametrize(
    ("mask", "reason", "detail"),
    [
        (None, "no_file", "no mask like m/{name}.png"),
        (TWO.T, "size_mismatch", "a.png 3 x 4, picture 4 x 3"),
        (b"no picture", "mask", "not a picture that can be read"),
    ],
)
def test_faults_of_one_mask_drop_one_picture(tmp_path: Path, mask: Any, reason: str, detail: str):
    picture(tmp_path / "i/a.png")
    if isinstance(mask, bytes):
        (tmp_path / "m").mkdir()
        (tmp_path / "m/a.png").write_bytes(mask)
    elif mask is not None:
        picture(tmp_path / "m/a.png", mask)
    (dropped,) = read(reader("i/{name}.png", {"files": "m/{name}.png", "label": "x"}), tmp_path)
    assert isinstance(dropped, Dropped)
    assert dropped.original_id == "i/a.png"
    assert dropped.reason == reason
    assert detail in dropped.detail


def test_a_mask_that_need_not_be_there_says_nothing(tmp_path: Path):
    picture(tmp_path / "i/a.png")
    (record,) = read(reader("i/{name}.png", {"files": "m/{name}.png", "label": "x", "required": False}), tmp_path)
    assert isinstance(record, Record)
    assert (record.marks, record.labels) == ((), {})


def test_a_damaged_picture_is_dropped(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"")
    (dropped,) = read(reader("{name}.png", {"files": "{name}_m.png", "label": "x"}), tmp_path)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "image"


def test_a_value_that_is_not_named_is_told_with_the_line_to_add(tmp_path: Path):
    picture(tmp_path / "i/a.png")
    picture(tmp_path / "m/a.png", TWO)
    section = reader("i/{name}.png", {"files": "m/{name}.png", "values": {"1": "x"}})
    with pytest.raises(DataError, match=r"m/a.png: got the value 2, expected 0 or one of 1; add the line '2: LABEL'"):
        read(section, tmp_path)


def test_masks_have_either_a_label_or_values():
    for wrong in ({}, {"label": "x", "values": {"1": "y"}}):
        with pytest.raises(ValidationError, match="a mask has either a label or values"):
            reader("{name}.png", {"files": "m", **wrong})
