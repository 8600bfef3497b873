"""Tests of the adapters of Kvasir-SEG, BUSI and DRIVE on miniatures of the published folders."""

from pathlib import Path

import pytest

from carriers.busi import write_busi
from carriers.drive import write_drive
from carriers.kvasir_seg import POLYPS, write_kvasir_seg
from carriers.pictures import boxes_mask, colour, write_picture
from carriers.road import convert
from doctorsun.errors import DataError


def test_kvasir_masks_of_jpeg_give_the_boxes_of_the_publisher(tmp_path: Path) -> None:
    write_kvasir_seg(tmp_path / "raw")
    converted = convert("kvasir_seg", tmp_path / "raw", tmp_path / "store")
    for name, (_, _, polyps) in POLYPS.items():
        sample = converted.images()[f"images/{name}.jpg"]
        assert sorted(item.box_px for item in sample.objects) == sorted(polyps)
        assert sample.labels == ("polyp",)
        assert (sample.modality, sample.anatomy) == ("colonoscopy", "colon")


def test_kvasir_keeps_the_bytes_of_its_files(tmp_path: Path) -> None:
    write_kvasir_seg(tmp_path / "raw")
    for name, sample in convert("kvasir_seg", tmp_path / "raw", tmp_path / "store").images().items():
        assert sample.images[0].bytes == (tmp_path / "raw" / name).read_bytes()


def test_a_mask_of_kvasir_of_another_size_is_dropped(tmp_path: Path) -> None:
    write_kvasir_seg(tmp_path / "raw")
    write_picture(tmp_path / "raw/masks/cju0qkwl35piu0993l0dewei2.jpg", boxes_mask([(0, 0, 8, 8)], 40, 40))
    store = convert("kvasir_seg", tmp_path / "raw", tmp_path / "store").store
    assert (store.manifest.kept, store.manifest.dropped_reasons) == (1, {"size_mismatch": 1})


def test_busi_lesions_lie_in_masks_of_their_own(tmp_path: Path) -> None:
    write_busi(tmp_path / "raw")
    converted = convert("busi", tmp_path / "raw", tmp_path / "store")
    assert converted.labels() == {
        "benign/benign (1).png": ("benign_breast_tumour",),
        "benign/benign (100).png": ("benign_breast_tumour",),
        "malignant/malignant (1).png": ("malignant_breast_tumour",),
        "normal/normal (1).png": ("normal_breast",),
    }
    boxes = {name: sorted(item.box_px for item in each.objects) for name, each in converted.images().items()}
    assert boxes["benign/benign (100).png"] == [(2.0, 3.0, 8.0, 9.0), (18.0, 10.0, 28.0, 20.0)]
    assert boxes["malignant/malignant (1).png"] == [(10.0, 8.0, 26.0, 20.0)]
    assert boxes["normal/normal (1).png"] == []


def test_a_new_class_of_busi_gives_the_line_to_add(tmp_path: Path) -> None:
    write_busi(tmp_path / "raw")
    write_picture(tmp_path / "raw/cyst/cyst (1).png", colour(5))
    write_picture(tmp_path / "raw/cyst/cyst (1)_mask.png", boxes_mask([(1, 1, 9, 9)]))
    with pytest.raises(DataError, match=r"label of busi.*'cyst'.*add the line 'cyst: ONTOLOGY_ID'"):
        convert("busi", tmp_path / "raw", tmp_path / "store")


def test_drive_marks_vessels_in_training_and_knows_nothing_of_them_in_the_test_set(tmp_path: Path) -> None:
    write_drive(tmp_path / "raw")
    converted = convert("drive", tmp_path / "raw", tmp_path / "store")
    assert converted.splits() == {
        "test/images/01_test.tif": "test",
        "training/images/21_training.tif": "train",
        "training/images/22_training.tif": "train",
    }
    trained = converted.images()["training/images/21_training.tif"]
    assert [(item.label, item.box_px) for item in trained.objects] == [("retinal_vessel", (4.0, 2.0, 28.0, 20.0))]
    assert trained.groups.patient == "21"
    tested = converted.images()["test/images/01_test.tif"]
    assert (tested.labels, tested.objects) == ((), ())
    assert "retinal_vessel" not in tested.facts


def test_drive_without_its_folders_is_told(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(DataError, match=r"none like \{part\}/images.*check --root"):
        convert("drive", tmp_path / "raw", tmp_path / "store")
