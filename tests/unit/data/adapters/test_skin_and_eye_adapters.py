"""Tests of the adapters of ISIC, HAM10000 and APTOS on miniatures of the published folders."""

from pathlib import Path

import pytest

from carriers.aptos import GRADES, write_aptos
from carriers.ham10000 import HEADER, ROWS, write_ham10000
from carriers.isic import write_isic_2018, write_isic_2019, write_isic_archive
from carriers.road import convert
from doctorsun.errors import DataError


def test_isic_2018_has_the_splits_and_the_lesions_of_the_challenge(tmp_path: Path) -> None:
    write_isic_2018(tmp_path / "raw")
    converted = convert("isic_2018", tmp_path / "raw", tmp_path / "store")
    folder = "ISIC2018_Task3_{}_Input/{}.jpg"
    assert converted.labels() == {
        folder.format("Test", "ISIC_0034524"): ("benign_keratosis",),
        folder.format("Training", "ISIC_0024306"): ("nevus",),
        folder.format("Training", "ISIC_0024307"): ("nevus",),
        folder.format("Training", "ISIC_0024313"): ("melanoma",),
        folder.format("Validation", "ISIC_0034321"): ("actinic_keratosis",),
    }
    assert list(converted.splits().values()) == ["test", "train", "train", "train", "validation"]
    patients = [sample.groups.patient for sample in converted.images().values()]
    assert patients == ["", "HAM_0000550", "HAM_0000550", "HAM_0003402", ""]


def test_isic_2018_without_its_lesions_is_told(tmp_path: Path) -> None:
    write_isic_2018(tmp_path / "raw")
    (tmp_path / "raw/ISIC2018_Task3_Training_LesionGroupings.csv").unlink()
    with pytest.raises(DataError, match=r"none like \*\*/ISIC2018_Task3_Training_LesionGroupings.csv"):
        convert("isic_2018", tmp_path / "raw", tmp_path / "store")


def test_isic_2019_knows_a_ninth_class_and_keeps_its_test_set(tmp_path: Path) -> None:
    write_isic_2019(tmp_path / "raw")
    converted = convert("isic_2019", tmp_path / "raw", tmp_path / "store")
    labels = {Path(name).stem: found for name, found in converted.labels().items()}
    assert labels == {
        "ISIC_0000000": ("nevus",),
        "ISIC_0000001_downsampled": ("melanoma",),
        "ISIC_0053453": ("squamous_cell_carcinoma",),
        "ISIC_0034321": (),
        "ISIC_0034322": ("actinic_keratosis",),
    }
    tested = {Path(name).stem for name, split in converted.splits().items() if split == "test"}
    assert tested == {"ISIC_0034321", "ISIC_0034322"}
    unknown = next(sample for name, sample in converted.images().items() if "0034321" in name)
    assert unknown.facts.count('"present":false') == 8


def test_isic_archive_has_a_licence_for_each_image(tmp_path: Path) -> None:
    write_isic_archive(tmp_path / "raw")
    images = convert("isic_archive", tmp_path / "raw", tmp_path / "store").images()
    told = [(sample.source.licence, sample.labels, sample.groups.patient) for _, sample in sorted(images.items())]
    assert told == [
        ("CC0-1.0", ("benign_lesion",), "IP_0000001"),
        ("CC-BY-NC-4.0", ("malignant_lesion",), "IP_0000002"),
        ("CC-BY-4.0", ("benign_lesion",), "IP_0000002"),
    ]


def test_a_new_licence_of_the_archive_is_told(tmp_path: Path) -> None:
    write_isic_archive(tmp_path / "raw")
    path = tmp_path / "raw/metadata.csv"
    path.write_text(path.read_text().replace("CC-BY,", "CC-BY-ND,"))
    with pytest.raises(DataError, match=r"licence of .*'CC-BY-ND'.*one of 'CC-0', 'CC-BY', 'CC-BY-NC'"):
        convert("isic_archive", tmp_path / "raw", tmp_path / "store")


def test_ham10000_lesions_stay_together_and_masks_mark_them(tmp_path: Path) -> None:
    write_ham10000(tmp_path / "raw")
    converted = convert("ham10000", tmp_path / "raw", tmp_path / "store")
    images = {Path(name).stem: sample for name, sample in converted.images().items()}
    assert {name: sample.labels for name, sample in images.items()} == {
        "ISIC_0027419": ("benign_keratosis",),
        "ISIC_0025030": ("benign_keratosis",),
        "ISIC_0024306": ("nevus",),
        "ISIC_0031633": ("melanoma",),
    }
    assert images["ISIC_0027419"].groups.patient == images["ISIC_0025030"].groups.patient == "HAM_0000118"
    assert images["ISIC_0027419"].source.split == images["ISIC_0025030"].source.split
    assert [(item.label, item.box_px) for item in images["ISIC_0031633"].objects] == [
        ("melanoma", (8.0, 6.0, 20.0, 18.0))
    ]
    assert {sample.source.licence for sample in images.values()} == {"CC-BY-NC-4.0"}


def test_ham10000_may_lack_its_masks(tmp_path: Path) -> None:
    write_ham10000(tmp_path / "raw")
    for path in (tmp_path / "raw/HAM10000_segmentations_lesion_tschandl").iterdir():
        path.unlink()
    converted = convert("ham10000", tmp_path / "raw", tmp_path / "store")
    assert all(not sample.objects and sample.labels for sample in converted.samples)


def test_a_new_diagnosis_of_ham10000_gives_the_line_to_add(tmp_path: Path) -> None:
    write_ham10000(tmp_path / "raw", (*ROWS[:3], (*ROWS[3][:2], "scc", *ROWS[3][3:])))
    with pytest.raises(DataError, match=r"label of ham10000.*'scc'.*add the line 'scc: ONTOLOGY_ID'"):
        convert("ham10000", tmp_path / "raw", tmp_path / "store")


def test_ham10000_without_its_diagnoses_is_told(tmp_path: Path) -> None:
    write_ham10000(tmp_path / "raw", header=("lesion_id", "image_id", "diagnosis", *HEADER[3:]))
    with pytest.raises(DataError, match=r"dx"):
        convert("ham10000", tmp_path / "raw", tmp_path / "store")


def test_aptos_grades_are_the_five_of_the_international_scale(tmp_path: Path) -> None:
    write_aptos(tmp_path / "raw")
    converted = convert("aptos", tmp_path / "raw", tmp_path / "store")
    grades = ("no_dr", "mild_npdr", "moderate_npdr", "severe_npdr", "proliferative_dr")
    assert converted.labels() == {f"train_images/{name}.png": (grades[grade],) for name, grade in GRADES.items()}
    assert all(sample.anatomy == "retina" for sample in converted.samples)


def test_a_grade_that_is_none_is_told(tmp_path: Path) -> None:
    write_aptos(tmp_path / "raw", {"000c1434d8d7": 5})
    with pytest.raises(DataError, match=r"label of aptos.*'5'.*add the line '5: ONTOLOGY_ID'"):
        convert("aptos", tmp_path / "raw", tmp_path / "store")


def test_aptos_without_its_grades_is_told(tmp_path: Path) -> None:
    write_aptos(tmp_path / "raw", column="level")
    with pytest.raises(DataError, match=r"diagnosis"):
        convert("aptos", tmp_path / "raw", tmp_path / "store")
