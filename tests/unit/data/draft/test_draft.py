from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import yaml

from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.draft.draft import draft_adapter
from doctorsun.data.draft.page import FILL_IN
from doctorsun.data.draft.survey import survey
from doctorsun.errors import DataError


def draw(path: Path, values: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((4, 6), np.uint8) if values is None else np.resize(np.array(values, np.uint8), (4, 6))
    PIL.Image.fromarray(pixels).save(path)


def drafted(root: Path) -> tuple[Adapter, str]:
    """Return the draft of a folder as its readers would have filled it in, and its text."""
    text = draft_adapter(root)
    return Adapter.model_validate(yaml.safe_load(text.replace(FILL_IN, "polyp"))), text


def test_a_folder_per_class_below_a_folder_per_split(tmp_path: Path):
    for split in ("train", "val"):
        for label in ("Polyp", "未见异常"):
            for number in range(3):
                draw(tmp_path / "set" / split / label / f"{number}.png")

    adapter, text = drafted(tmp_path / "set")

    assert adapter.dataset == "set"
    assert adapter.task == "classification"
    assert adapter.reader.model_dump() == {"kind": "class_folders", "images": "{split}/{label}/{name}.png"}
    assert adapter.labels["Polyp"] == "polyp"
    assert "Polyp: polyp  # check" in text
    assert "  未见异常: " in text
    assert adapter.split.model_dump(include={"field", "values"}) == {
        "field": "{split}",
        "values": {"train": "train", "val": "validation"},
    }
    assert len(list(adapter.reader.pending(tmp_path / "set"))) == 12


def test_masks_in_a_folder_of_their_own(tmp_path: Path):
    for number in range(3):
        draw(tmp_path / "Kvasir-SEG" / "images" / f"a{number}.jpg")
        draw(tmp_path / "Kvasir-SEG" / "masks" / f"a{number}.png", [0, 2, 5])

    adapter, _ = drafted(tmp_path)

    assert adapter.task == "segmentation"
    assert adapter.labels == {"value 2": "polyp", "value 5": "polyp"}
    (record,) = adapter.reader.read(next(iter(adapter.reader.pending(tmp_path))), tmp_path)
    assert {mark.label for mark in record.marks} == {"value 2", "value 5"}


def test_masks_beside_their_pictures_some_with_numbers(tmp_path: Path):
    for name in ("benign (1)", "benign (2)"):
        draw(tmp_path / "benign" / f"{name}.png")
        draw(tmp_path / "benign" / f"{name}_mask.png", [0, 1])
    draw(tmp_path / "benign" / "benign (1)_mask_1.png", [1, 0])

    adapter, _ = drafted(tmp_path)

    assert adapter.reader.model_dump(include={"images", "masks"}, exclude_defaults=True) == {
        "images": "benign/{name}.png",
        "masks": ({"files": "benign/{name}_mask*.png", "label": "object"},),
    }


def test_lossy_masks_get_a_threshold(tmp_path: Path):
    draw(tmp_path / "images" / "a.jpg")
    draw(tmp_path / "masks" / "a.jpg", [0, 250])

    assert "threshold: 127" in draft_adapter(tmp_path)


def test_a_folder_without_a_known_layout_names_what_is_in_it(tmp_path: Path):
    (tmp_path / "notes.docx").write_bytes(b"x")
    with pytest.raises(
        DataError, match=r"layout of .*: got 1 files of the kinds \.docx, expected .*; write the adapter"
    ):
        draft_adapter(tmp_path)


def test_a_missing_and_an_empty_folder_are_told(tmp_path: Path):
    with pytest.raises(DataError, match="got no such folder, expected the folder of a data set; check the path"):
        draft_adapter(tmp_path / "gone")
    with pytest.raises(DataError, match="got no file in it, expected the files of a data set; check the path"):
        draft_adapter(tmp_path)


def test_hidden_files_are_not_looked_at(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    for name in (".git/x.png", "._a.png", "a.png"):
        (tmp_path / name).write_bytes(b"")
    assert survey(tmp_path).files == ("a.png",)
    assert survey(tmp_path).is_whole
