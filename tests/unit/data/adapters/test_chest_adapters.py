"""Tests of the adapters of ChestX-ray14, CheXpert and VinDr-CXR on miniatures of the published folders."""

from pathlib import Path

import pytest

from carriers.chestxray14 import ENTRIES, write_chestxray14
from carriers.chexpert import write_chexpert
from carriers.pictures import write_table
from carriers.road import convert
from carriers.vindr_cxr import ILL, TESTED, WELL, write_vindr_cxr
from doctorsun.errors import DataError


def absent(facts: str) -> set[str]:
    """Return the findings that facts say are not there."""
    import json

    return {item["name"] for item in json.loads(facts)["findings"] if not item["present"]}


def test_chestxray14_findings_are_the_listed_ones_and_no_others(tmp_path: Path) -> None:
    write_chestxray14(tmp_path / "raw")
    converted = convert("chestxray14", tmp_path / "raw", tmp_path / "store")
    assert {name: set(labels) for name, labels in converted.labels().items()} == {
        "00000001_000.png": {"cardiomegaly"},
        "00000001_001.png": {"cardiomegaly", "emphysema"},
        "00000002_000.png": set(),
        "00000003_000.png": {"hernia", "pleural_thickening"},
        "00000013_005.png": {"infiltration", "mass"},
    }
    assert len(absent(converted.images()["00000002_000.png"].facts)) == 14
    assert len(absent(converted.images()["00000001_001.png"].facts)) == 12


def test_chestxray14_keeps_the_lists_and_the_patients(tmp_path: Path) -> None:
    write_chestxray14(tmp_path / "raw")
    images = convert("chestxray14", tmp_path / "raw", tmp_path / "store").images()
    assert [images[f"{name}"].source.split for name in ("00000003_000.png", "00000013_005.png")] == ["test"] * 2
    trained = {images[f"0000000{name}.png"].source.split for name in ("1_000", "1_001", "2_000")}
    assert trained <= {"train", "validation"}
    assert images["00000001_000.png"].groups.patient == images["00000001_001.png"].groups.patient == "1"
    assert images["00000001_001.png"].groups.study == "1/1"


def test_chestxray14_boxes_are_corner_and_size_and_an_infiltrate_is_an_infiltration(tmp_path: Path) -> None:
    write_chestxray14(tmp_path / "raw")
    sample = convert("chestxray14", tmp_path / "raw", tmp_path / "store").images()["00000013_005.png"]
    assert sorted((item.label, item.box_px) for item in sample.objects) == [
        ("infiltration", (4.5, 6.25, 14.5, 14.75)),
        ("mass", (20.0, 3.0, 26.0, 10.0)),
    ]


def test_two_versions_of_the_table_of_chestxray14_are_not_mixed(tmp_path: Path) -> None:
    write_chestxray14(tmp_path / "raw")
    (tmp_path / "raw/Data_Entry_2017_v2020.csv").write_text(ENTRIES.replace("Cardiomegaly,0", "Mass,0"))
    with pytest.raises(DataError, match=r"several rows of 00000001_000.png.*take one table by 'files'"):
        convert("chestxray14", tmp_path / "raw", tmp_path / "store")


def test_a_new_finding_of_chestxray14_gives_the_line_to_add(tmp_path: Path) -> None:
    write_chestxray14(tmp_path / "raw", ENTRIES.replace("Hernia|", "Rib_Fracture|"))
    with pytest.raises(
        DataError, match=r"label of chestxray14.*'Rib_Fracture'.*add the line 'Rib_Fracture: ONTOLOGY_ID'"
    ):
        convert("chestxray14", tmp_path / "raw", tmp_path / "store")


@pytest.mark.parametrize("release", ["CheXpert-v1.0-small", "CheXpert-v1.0"])
def test_chexpert_blank_and_uncertain_are_not_known(release: str, tmp_path: Path) -> None:
    write_chexpert(tmp_path / "raw", release)
    converted = convert("chexpert", tmp_path / "raw", tmp_path / "store")
    images = converted.images()
    assert converted.labels() == {
        "train/patient00001/study1/view1_frontal.jpg": ("no_finding",),
        "train/patient00002/study2/view1_frontal.jpg": ("lung_opacity",),
        "train/patient00002/study2/view2_lateral.jpg": ("lung_opacity",),
        "valid/patient64541/study1/view1_frontal.jpg": ("enlarged_cardiomediastinum", "cardiomegaly"),
    }
    assert absent(images["train/patient00002/study2/view1_frontal.jpg"].facts) == {"pneumothorax"}
    assert len(absent(images["valid/patient64541/study1/view1_frontal.jpg"].facts)) == 12


def test_chexpert_tells_view_patient_study_and_split_by_the_path(tmp_path: Path) -> None:
    write_chexpert(tmp_path / "raw")
    write_table(tmp_path / "raw" / "train_cheXbert.csv", [("Path",), ("elsewhere/x.jpg",)])  # of the full release
    images = convert("chexpert", tmp_path / "raw", tmp_path / "store").images()
    lateral = images["train/patient00002/study2/view2_lateral.jpg"]
    assert (lateral.groups.patient, lateral.groups.study) == ("patient00002", "patient00002/study2")
    assert '"plane":"lateral"' in lateral.facts
    assert '"plane":"frontal"' in images["train/patient00002/study2/view1_frontal.jpg"].facts
    assert [sample.source.split for sample in images.values()] == ["train"] * 3 + ["validation"]


def test_a_column_that_chexpert_lacks_is_told(tmp_path: Path) -> None:
    write_chexpert(tmp_path / "raw", missing="Lung Lesion")
    with pytest.raises(DataError, match=r"no column Lung Lesion"):
        convert("chexpert", tmp_path / "raw", tmp_path / "store")


def test_vindr_cxr_holds_what_two_radiologists_say(tmp_path: Path) -> None:
    write_vindr_cxr(tmp_path / "raw")
    converted = convert("vindr_cxr", tmp_path / "raw", tmp_path / "store")
    images = converted.images()
    assert images[f"train/{ILL}"].labels == ("cardiomegaly",)
    assert [(item.label, item.box_px) for item in images[f"train/{ILL}"].objects] == [
        ("cardiomegaly", (10.5, 12.0, 30.0, 22.5))
    ]
    assert absent(images[f"train/{ILL}"].facts).isdisjoint({"nodule_or_mass", "no_finding"})  # one of three said so
    assert images[f"train/{WELL}"].labels == ("no_finding",)
    assert len(absent(images[f"train/{WELL}"].facts)) == 25


def test_vindr_cxr_test_images_are_a_consensus_and_a_benchmark(tmp_path: Path) -> None:
    write_vindr_cxr(tmp_path / "raw")
    sample = convert("vindr_cxr", tmp_path / "raw", tmp_path / "store").images()[f"test/{TESTED}"]
    assert sample.source.split == "test"
    assert set(sample.labels) == {"effusion", "pneumonia"}
    assert [(item.label, item.box_px) for item in sample.objects] == [("effusion", (4.0, 14.0, 12.0, 22.5))]
    assert sample.images[0].facts.spacing_mm == (0.139, 0.139)


def test_vindr_cxr_flags_that_are_no_flags_are_told(tmp_path: Path) -> None:
    write_vindr_cxr(tmp_path / "raw")
    path = tmp_path / "raw/annotations/image_labels_test.csv"
    path.write_text(path.read_text().replace(",1,", ",maybe,", 1))
    with pytest.raises(DataError, match=r"got 'maybe'.*one of '1', '0'"):
        convert("vindr_cxr", tmp_path / "raw", tmp_path / "store")
