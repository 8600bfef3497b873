import json
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import pytest
import yaml

from carriers.videos import write_video
from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.draft.draft import draft_adapter
from doctorsun.data.draft.page import FILL_IN
from doctorsun.data.draft.survey import survey
from doctorsun.data.readers.item import Dropped
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


def first_labels(root: Path) -> set[str]:
    """Return the labels of the first item as the draft reads it."""
    adapter, _ = drafted(root)
    records = adapter.reader.read(next(iter(adapter.reader.pending(root))), root)
    assert not isinstance(records, Dropped)
    found = set(records[0].labels) | {mark.label for mark in records[0].marks}
    assert found <= set(adapter.labels)
    return found


def test_coco(tmp_path: Path):
    draw(tmp_path / "images" / "a.png")
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 6, "height": 4}],
        "categories": [{"id": 3, "name": "mass"}, {"id": 4, "name": "cyst"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 1, 2, 2]}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(content))
    assert first_labels(tmp_path) == {"mass"}


def test_pascal_voc(tmp_path: Path):
    draw(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "Annotations").mkdir()
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax></bndbox>"
    size = "<size><width>6</width><height>4</height><depth>3</depth></size>"
    text = f"<annotation><filename>a.jpg</filename>{size}<object><name>RBC</name>{box}</object></annotation>"
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    assert first_labels(tmp_path) == {"RBC"}


@pytest.mark.parametrize("names", ["", "names: [mass, cyst]\n"])
def test_yolo(tmp_path: Path, names: str):
    draw(tmp_path / "images" / "train" / "a.png")
    draw(tmp_path / "images" / "val" / "b.png")
    for split, name in (("train", "a"), ("val", "b")):
        (tmp_path / "labels" / split).mkdir(parents=True)
        (tmp_path / "labels" / split / f"{name}.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    if names:
        (tmp_path / "data.yaml").write_text(names)
    assert first_labels(tmp_path) == ({"cyst"} if names else {"class 1"})


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("id,diagnosis\na,nevus\nb,melanoma\nc,nevus\n", {"nevus"}),
        ("file,age,Finding Labels\na.png,31,Mass|Nodule\nb.png,44,Mass\nc.png,50,Mass\n", {"Mass", "Nodule"}),
        ("image,patient,MEL,NV\na.png,p1,1.0,0.0\nb.png,p1,0.0,1.0\nc.png,p2,0.0,1.0\n", {"MEL", "NV"}),
        ("文件名,患者编号,诊断\na,p1,良性\nb,p1,良性\nc,p2,恶性\n", {"良性"}),
    ],
)
def test_a_table_that_lists_pictures(tmp_path: Path, text: str, labels: set[str]):
    for name in "abc":
        draw(tmp_path / "pictures" / f"{name}.png")
    (tmp_path / "labels.csv").write_text(text)
    assert first_labels(tmp_path) == labels


def test_a_json_file_beside_each_picture(tmp_path: Path):
    for name, diagnosis in (("a", "nevus"), ("b", "melanoma"), ("c", "nevus")):
        draw(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.json").write_text(json.dumps({"meta": {"diagnosis": diagnosis}, "name": name}))
    assert first_labels(tmp_path) == {"nevus"}


def test_arrays_as_of_medmnist(tmp_path: Path):
    parts = {f"{split}_images": np.zeros((2, 5, 7), np.uint8) for split in ("train", "val", "test")}
    parts |= {f"{split}_labels": np.array([[0], [2]]) for split in ("train", "val", "test")}
    np.savez(tmp_path / "ownmnist.npz", **parts)
    assert first_labels(tmp_path) <= {"class 0", "class 2"}
    assert drafted(tmp_path)[0].labels.keys() == {"class 0", "class 1", "class 2"}


def test_label_maps_beside_their_volumes(tmp_path: Path):
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[1:4, 1:4, 1:3] = 2
    for case in ("case_1", "case_2"):
        (tmp_path / case).mkdir()
        for ending, values in (("_flair", np.ones((6, 5, 4), np.int16)), ("_t1", labels), ("_seg", labels)):
            nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / case / f"{case}{ending}.nii.gz")

    assert first_labels(tmp_path) == {"value 2"}
    assert [image["sequence"] for image in drafted(tmp_path)[0].reader.model_dump()["images"]] == ["flair", "t1"]


def test_videos_with_a_class_per_folder(tmp_path: Path):
    pytest.importorskip("av", reason="PyAV is not installed (doctorsun[video])")
    for label in ("polyp", "normal"):
        for number in range(2):
            write_video(tmp_path / "loops" / label / f"{number}.mp4", "mpeg4", "yuv420p", num_frames=10)
    draw(tmp_path / "loops" / "logo.png")

    adapter, text = drafted(tmp_path / "loops")

    assert adapter.reader.model_dump(exclude_defaults=True) == {
        "kind": "videos",
        "videos": "{label}/{name}.mp4",
        "label": "{label}",
    }
    assert set(adapter.labels) == {"polyp", "normal"}
    assert adapter.patient == "{video}"
    assert "# Note: a label is said of every frame of its video" in text
    (first, *_) = adapter.reader.pending(tmp_path / "loops")
    assert len(adapter.reader.read(first, tmp_path / "loops")) == 8


def test_videos_in_folders_of_their_own_have_no_class_and_pictures_go_first(tmp_path: Path):
    for number in range(3):
        (tmp_path / "loops" / f"case{number}").mkdir(parents=True)
        (tmp_path / "loops" / f"case{number}" / "a.AVI").write_bytes(b"")

    adapter, _ = drafted(tmp_path / "loops")
    assert adapter.reader.model_dump(exclude_defaults=True) == {"kind": "videos", "videos": "*/{name}.AVI"}

    for label in ("a", "b"):
        for number in range(2):
            draw(tmp_path / "loops" / label / f"{number}.png")
    assert drafted(tmp_path / "loops")[0].reader.kind == "class_folders"
