"""Adapters of BraTS, KiTS, LiTS, MSD and AMOS on miniatures of the published folders; PyRadiomics' real cases."""

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as itk  # noqa: N813 (as ITK's own name is)

from carriers.abdominal_ct import write_amos, write_kits, write_lits, write_msd
from carriers.brats import SHAPE, tumour, write_brats_2021, write_brats_2023
from carriers.road import Converted, convert
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.volumes import Volumes
from doctorsun.errors import DataError
from doctorsun.schema import Sample

BRATS = {"brain_tumour", "necrotic_tumour_core", "peritumoural_oedema", "enhancing_tumour"}


def labels_in(converted: Converted, beginning: str) -> set[str]:
    found = (labels for name, labels in converted.labels().items() if name.startswith(beginning))
    return {label for labels in found for label in labels}


def boxes(sample: Sample, label: str) -> list[tuple[float, ...]]:
    return sorted(item.box_px for item in sample.objects if item.label == label)


def test_brats_has_four_sequences_and_a_misnamed_label_map(tmp_path: Path) -> None:
    write_brats_2021(tmp_path / "raw")
    converted = convert("brats_2021", tmp_path / "raw", tmp_path / "store")
    assert converted.store.manifest.dropped_reasons == {"no_file": 1}, "a validation case has no label map"
    for case in ("BraTS20_Training_001", "BraTS20_Training_355", "BraTS2021_00002"):
        names = [name for name in converted.images() if name.startswith(case)]
        assert {name.split("/")[2] for name in names} == {"flair", "t1", "t1ce", "t2"}
        assert labels_in(converted, case) == BRATS
    assert {sample.groups.patient for sample in converted.samples} == {
        "BraTS20_Training_001",
        "BraTS20_Training_355",
        "BraTS2021_00002",
    }


def test_brats_boxes_are_those_of_numpy_on_the_sides_of_the_patient(tmp_path: Path) -> None:
    write_brats_2021(tmp_path / "raw")
    converted = convert("brats_2021", tmp_path / "raw", tmp_path / "store")
    sample = converted.images()["BraTS2021_00002/BraTS2021_00002_flair.nii.gz/flair/axial-7"]
    known = tumour(4)[::-1, ::-1, 7].T
    for label, values in (("brain_tumour", (1, 2, 4)), ("enhancing_tumour", (4,)), ("necrotic_tumour_core", (1,))):
        rows, columns = np.nonzero(np.isin(known, values))
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert boxes(sample, label) == [box]
    assert boxes(sample, "brain_tumour")[0][0] > SHAPE[0] / 2, "the patient's left is on the right of the picture"
    finding = next(each for each in json.loads(sample.facts)["findings"] if each["name"] == "brain_tumour")
    assert finding["side"] == "left"
    assert sample.images[0].facts.orientation == "L\\P"
    assert sample.images[0].facts.spacing_mm == (1.0, 1.0)


def test_brats_2023_writes_the_enhancing_tumour_as_3_and_has_several_scans_of_a_patient(tmp_path: Path) -> None:
    write_brats_2023(tmp_path / "raw")
    converted = convert("brats_2023", tmp_path / "raw", tmp_path / "store")
    assert labels_in(converted, "BraTS-GLI-00008-000") == BRATS
    assert {sample.groups.patient for sample in converted.samples} == {"00008"}
    assert {sample.groups.study for sample in converted.samples} == {"00008-000", "00008-001"}


def test_labels_of_another_year_are_not_misread(tmp_path: Path) -> None:
    write_brats_2023(tmp_path / "raw")
    for path in (tmp_path / "raw").rglob("*"):
        if path.is_file():
            path.rename(path.with_name(path.name.replace("-t2f", "_flair").replace("-t1n", "_t1")))
    page = load_adapter("brats_2021").reader.model_dump()
    page["images"] = [{"file": "{case}/{case}_flair.nii*"}]
    reader = Volumes.model_validate(page)
    pending = next(iter(reader.pending(tmp_path / "raw")))
    with pytest.raises(DataError, match=r"seg\.nii\.gz: got the value 3, expected 0 or one of 1, 2, 4; add the line"):
        reader.read(pending, tmp_path / "raw")


def test_kits_is_axial_along_its_first_axis_and_lesions_belong_to_the_kidney(tmp_path: Path) -> None:
    write_kits(tmp_path / "raw")
    converted = convert("kits", tmp_path / "raw", tmp_path / "store")
    assert converted.store.manifest.dropped_reasons == {"no_file": 1}
    assert labels_in(converted, "case_00000") == {"kidney", "kidney_tumour", "kidney_cyst"}
    assert labels_in(converted, "case_00001") == {"kidney"}
    sample = converted.images()["case_00000/imaging.nii.gz/axial-6"]  # from the head: 23 - 17
    assert (sample.images[0].width, sample.images[0].height) == (20, 18)
    assert sample.images[0].facts.window == (50, 400)
    assert sample.images[0].facts.slice == 6
    assert boxes(sample, "kidney_tumour") == [(14, 10, 17, 13)], "left kidney, on the right of the picture"


def test_lits_marks_each_tumour_and_shows_two_windows(tmp_path: Path) -> None:
    write_lits(tmp_path / "raw")
    converted = convert("lits", tmp_path / "raw", tmp_path / "store")
    names = [name for name in converted.images() if "segmentation-0" in name]
    assert {name.rsplit("/", 1)[1] for name in names} == {"abdomen", "liver"}
    assert labels_in(converted, "Training Batch 2/segmentation-28") == {"liver"}
    tumours = [item for name in names for item in converted.images()[name].objects if item.label == "liver_tumour"]
    assert {item.box_px for item in tumours} == {(3, 11, 6, 14), (8, 6, 10, 8)}


def test_msd_tells_labels_of_tasks_apart_and_channels_of_a_file(tmp_path: Path) -> None:
    write_msd(tmp_path / "raw")
    converted = convert("msd", tmp_path / "raw", tmp_path / "store")
    assert converted.store.manifest.dropped == 0, "hidden files are no cases"
    assert labels_in(converted, "Task03_Liver") == {"liver", "liver_tumour"}
    assert labels_in(converted, "Task06_Lung") == {"lung_tumour"}
    brains = {name.split("/")[3]: sample for name, sample in converted.images().items() if "Task01" in name}
    assert set(brains) == {"FLAIR", "T1w", "t1gd", "T2w"}
    assert len({sample.images[0].sha256 for sample in brains.values()}) == 4
    assert {(sample.modality, sample.anatomy) for sample in brains.values()} == {("mr", "brain")}
    assert {name.rsplit("/", 1)[1] for name in converted.images() if "Lung" in name} == {"lung", "mediastinum"}


def test_amos_tells_ct_from_mr_by_number_and_sides_by_organ(tmp_path: Path) -> None:
    write_amos(tmp_path / "raw")
    converted = convert("amos", tmp_path / "raw", tmp_path / "store")
    modalities = {name.split("/")[1]: sample.modality for name, sample in converted.images().items()}
    assert modalities == {"amos_0001.nii.gz": "ct", "amos_0507.nii.gz": "mr", "amos_0008.nii.gz": "ct"}
    splits = {name.split("/")[1]: split for name, split in converted.splits().items()}
    assert splits == {"amos_0001.nii.gz": "train", "amos_0507.nii.gz": "train", "amos_0008.nii.gz": "validation"}
    assert {"liver", "aorta", "left_kidney", "right_kidney"} == labels_in(converted, "labelsTr/amos_0001")
    for sample in converted.samples:
        middle = sample.images[0].width / 2
        assert all(box[0] > middle for box in boxes(sample, "left_kidney"))
        assert all(box[2] < middle for box in boxes(sample, "right_kidney"))


def test_an_organ_that_is_not_on_a_slice_is_known_to_be_absent(tmp_path: Path) -> None:
    write_amos(tmp_path / "raw")
    converted = convert("amos", tmp_path / "raw", tmp_path / "store")
    facts = json.loads(next(s.facts for s in converted.samples if "left_kidney" not in s.labels and s.labels))
    assert {item["name"] for item in facts["findings"] if not item["present"]} >= {"left_kidney", "spleen"}


@pytest.mark.parametrize("case", ["brain1", "brain2", "breast1"])
def test_real_masks_are_those_of_simpleitk(test_data: Path, case: str) -> None:
    root = test_data / "pyradiomics_cases"
    reader = load_adapter("pyradiomics_cases").reader
    items = [reader.read(each, root) for each in reader.pending(root)]
    records = [record for item in items if not isinstance(item, Dropped) for record in item]
    known = itk.DICOMOrient(itk.ReadImage(str(root / f"data/{case}_label.nrrd")), "LPS")
    mask = itk.GetArrayFromImage(known) > 0
    largest = int(mask.sum(axis=(1, 2)).argmax())
    mine = [record for record in records if record.original_id.startswith(f"data/{case}")]
    assert f"data/{case}_label.nrrd/axial-{largest}" in {record.original_id for record in mine}
    for record in mine:
        number = record.acquisition.slice
        assert number is not None
        union = np.zeros(mask.shape[1:], dtype=bool)
        for mark in record.marks:
            assert mark.mask is not None
            union |= mark.mask
        assert np.array_equal(union, mask[number])
        assert set(record.labels.values()) == {bool(mask[number].any())}
    parts = itk.ConnectedComponent(known, True)
    extents = {tuple(np.flatnonzero((itk.GetArrayFromImage(parts) == n).any(axis=(1, 2)))[[0, -1]].tolist())
               for n in range(1, int(itk.GetArrayFromImage(parts).max()) + 1)}  # fmt: skip
    assert {mark.slices for record in mine for mark in record.marks} <= extents
