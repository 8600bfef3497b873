"""Tests of the adapters of PanNuke, PatchCamelyon and BreakHis on miniatures of the published folders."""

from pathlib import Path

import numpy as np
import pytest

from carriers.breakhis import write_breakhis
from carriers.pannuke import write_pannuke
from carriers.pcam import write_pcam
from carriers.pictures import colour, write_picture
from carriers.road import convert
from doctorsun.errors import DataError
from doctorsun.image.raster import decode


def fold(number: int) -> str:
    return f"Fold {number}/images/fold{number}/images.npy"


def test_pannuke_counts_nuclei_by_their_numbers(tmp_path: Path) -> None:
    write_pannuke(tmp_path / "raw")
    converted = convert("pannuke", tmp_path / "raw", tmp_path / "store")
    sample = converted.images()[f"{fold(1)}/0"]
    assert sample.labels == ("neoplastic_cell", "inflammatory_cell")
    assert sorted((item.label, item.box_px) for item in sample.objects) == [
        ("inflammatory_cell", (11.0, 10.0, 16.0, 14.0)),
        ("neoplastic_cell", (3.0, 4.0, 11.0, 10.0)),
        ("neoplastic_cell", (20.0, 20.0, 28.0, 26.0)),
    ]
    assert '"name":"dead_cell","present":false' in sample.facts.replace(" ", "")
    assert converted.labels()[f"{fold(1)}/1"] == ()


def test_pannuke_folds_are_splits_and_tissues_are_organs(tmp_path: Path) -> None:
    write_pannuke(tmp_path / "raw")
    images = convert("pannuke", tmp_path / "raw", tmp_path / "store").images()
    assert [images[f"{fold(number)}/0"].source.split for number in (1, 2, 3)] == ["train", "validation", "test"]
    assert [images[f"{fold(number)}/0"].anatomy for number in (1, 2, 3)] == ["breast", "head_neck", "bile_duct"]
    assert {sample.source.licence for sample in images.values()} == {"CC-BY-NC-SA-4.0"}


def test_pannuke_pictures_are_the_bytes_of_the_floats(tmp_path: Path) -> None:
    write_pannuke(tmp_path / "raw", folds=(2,))
    sample = convert("pannuke", tmp_path / "raw", tmp_path / "store").images()[f"{fold(2)}/1"]
    assert sample.images[0].bytes
    assert np.array_equal(np.asarray(decode(sample.images[0].bytes)), np.load(tmp_path / "raw" / fold(2))[1])


def test_a_new_tissue_of_pannuke_is_told(tmp_path: Path) -> None:
    write_pannuke(tmp_path / "raw", folds=(1,))
    np.save(tmp_path / "raw/Fold 1/images/fold1/types.npy", np.array(["Breast", "Brain"]))
    with pytest.raises(DataError, match=r"anatomy of Fold 1.*'Brain'.*add the line 'Brain: VALUE' under anatomy"):
        convert("pannuke", tmp_path / "raw", tmp_path / "store")


def test_pcam_pairs_patches_with_the_labels_of_their_middle(tmp_path: Path) -> None:
    write_pcam(tmp_path / "raw")
    converted = convert("pcam", tmp_path / "raw", tmp_path / "store")
    stem = "camelyonpatch_level_2_split"
    assert converted.labels() == {
        f"{stem}_test_x.h5:x/0": ("lymph_node_metastasis",),
        f"{stem}_test_x.h5:x/1": ("no_lymph_node_metastasis",),
        f"{stem}_train_x.h5:x/0": ("lymph_node_metastasis",),
        f"{stem}_train_x.h5:x/1": ("no_lymph_node_metastasis",),
        f"{stem}_train_x.h5:x/2": ("lymph_node_metastasis",),
        f"{stem}_valid_x.h5:x/0": ("no_lymph_node_metastasis",),
    }
    assert [split for _, split in sorted(converted.splits().items())] == ["test"] * 2 + ["train"] * 3 + ["validation"]


def test_pcam_without_its_labels_is_told(tmp_path: Path) -> None:
    write_pcam(tmp_path / "raw")
    (tmp_path / "raw/camelyonpatch_level_2_split_train_y.h5").unlink()
    with pytest.raises(DataError, match=r"camelyonpatch_level_2_split_train_y.h5"):
        convert("pcam", tmp_path / "raw", tmp_path / "store")


def test_breakhis_tells_type_and_patient_from_the_name(tmp_path: Path) -> None:
    write_breakhis(tmp_path / "raw")
    converted = convert("breakhis", tmp_path / "raw", tmp_path / "store")
    assert len(converted.images()) == 10
    name = "histology_slides/breast/malignant/SOB/ductal_carcinoma/SOB_M_DC_14-2523/400X/SOB_M_DC-14-2523-400-001.png"
    assert converted.labels()[name] == ("ductal_carcinoma",)
    patients = {sample.groups.patient for sample in converted.samples}
    assert patients == {"14-22549", "14-21998", "14-2523", "14-9146"}  # AB and CD of 22549 are one


def test_a_new_type_of_breakhis_gives_the_line_to_add(tmp_path: Path) -> None:
    write_breakhis(tmp_path / "raw")
    folder = tmp_path / "raw/histology_slides/breast/malignant/SOB/sarcoma/SOB_M_SA_14-1/40X"
    write_picture(folder / "SOB_M_SA-14-1-40-001.png", colour(3))
    with pytest.raises(DataError, match=r"label of breakhis.*'sarcoma'.*add the line 'sarcoma: ONTOLOGY_ID'"):
        convert("breakhis", tmp_path / "raw", tmp_path / "store")
