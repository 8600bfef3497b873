"""DICOM images as hospitals export them: those taken of a series, tables by identifiers of headers, other objects."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import RTDoseStorage

from carriers.dicom_files import STUDY, changed, write_series
from doctorsun.data.readers.dicom_images import DicomImages
from doctorsun.data.readers.dicom_listing import evenly
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError

BY_ACCESSION = {"files": "reports.csv", "key": "{number}", "on": "{AccessionNumber}", "columns": ["report"]}
REPORT = {"kind": "report", "language": "zh", "text": "{report}"}


def items(root: Path, **settings: Any) -> list[Any]:
    section = DicomImages.model_validate({"kind": "dicom_images"} | settings)
    return [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301


def records(root: Path, **settings: Any) -> list[Record]:
    return [record for item in items(root, **settings) if not isinstance(item, Dropped) for record in item]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A series of ten images and, with another examination, one of two."""
    values = np.arange(400).reshape(10, 5, 8)
    paths = write_series(tmp_path / "a", values, AccessionNumber="A1")
    for number, path in enumerate(paths):
        changed(path, InstanceNumber=number)
    write_series(tmp_path / "b", values[:2], AccessionNumber="B2", SeriesInstanceUID="1.9", StudyInstanceUID="1.8")
    return tmp_path


def test_of_a_long_series_some_images_are_taken_at_even_distances_by_their_numbers(root: Path) -> None:
    found = records(root, num_images=3)
    assert [(each.original_id, each.fields["instance"]) for each in found if each.original_id.startswith("a/")] == [
        ("a/002.dcm", "8"),
        ("a/005.dcm", "5"),
        ("a/009.dcm", "1"),
    ]
    assert len(found) == 5
    assert len(records(root)) == 12


def test_evenly_takes_the_middles_of_parts_of_one_size() -> None:
    assert evenly(10, 3) == [1, 5, 8]
    assert evenly(10, 1) == [5]
    assert evenly(2, 4) == [0, 1]


def test_a_report_is_found_by_its_accession_number_and_numbers_are_not_kept(root: Path) -> None:
    (root / "reports.csv").write_bytes("number,report\nA1,右肺结节。\nB2,\n".encode("gb18030"))
    found = {each.original_id: each for each in records(root, joins=[BY_ACCESSION], texts=[REPORT], num_images=1)}
    assert [each.text for each in found["a/005.dcm"].texts] == ["右肺结节。"]
    (other,) = [each for name, each in found.items() if name.startswith("b/")]
    assert other.texts == ()
    assert not {"PatientID", "AccessionNumber", "StudyInstanceUID"} & set(other.fields)
    assert "P1" not in other.fields.values()


@pytest.mark.parametrize(
    ("on", "key"),
    [("{StudyInstanceUID}", STUDY), ("{path}", "a/004.dcm"), ("{PatientID}/{AccessionNumber}", "P1/A1")],
)
def test_labels_are_found_by_study_or_path(root: Path, on: str, key: str) -> None:
    (root / "t.csv").write_text(f"id,nodule\n{key},1\n", encoding="utf-8-sig")
    join = {"files": "t.csv", "key": "{id}", "on": on}
    found = items(root, joins=[join], labels=[{"flags": ["nodule"]}])
    read = [each for item in found if not isinstance(item, Dropped) for each in item]
    assert "a/004.dcm" in [each.original_id for each in read]
    assert {tuple(each.labels.items()) for each in read} == {(("nodule", True),)}
    dropped = [each for each in found if isinstance(each, Dropped)]
    assert dropped
    assert {each.reason for each in dropped} == {"no_row"}


def test_an_unknown_identifier_is_told(root: Path) -> None:
    (root / "reports.csv").write_text("number,report\nA1,x\n", encoding="utf-8")
    with pytest.raises(DataError, match="unknown field: got 'Accession'"):
        items(root, joins=[BY_ACCESSION | {"on": "{Accession}"}])


def test_images_of_nobody_are_kept_together_by_study_or_series(root: Path) -> None:
    for path in (root / "a").iterdir():
        changed(path, PatientID="")
    groups = {each.fields["patient"] for each in records(root) if each.original_id.startswith("a/")}
    (group,) = groups
    assert group
    assert group == records(root)[0].fields["study"]


def test_a_directory_of_a_medium_and_files_that_are_no_dicom_are_passed_over(root: Path) -> None:
    pydicom.dcmread(root / "a/001.dcm").save_as(root / "DICOMDIR")
    (root / "viewer.exe").write_bytes(b"MZ" + bytes(300))
    (root / "empty").write_bytes(b"")
    assert len(items(root, num_images=50)) == 12


def test_names_do_not_matter(root: Path) -> None:
    (root / "a/001.dcm").rename(root / "a/IM0001")
    assert "a/IM0001" in [each.original_id for each in records(root)]


def test_doses_are_no_pictures_and_damaged_files_are_told_apart(root: Path) -> None:
    changed(root / "a/001.dcm", SOPClassUID=RTDoseStorage)
    data = (root / "a/002.dcm").read_bytes()
    (root / "a/002.dcm").write_bytes(data[:-40])
    (root / "a/003.dcm").write_bytes(data[:200])
    found = {each.original_id: each for each in items(root, num_images=50) if isinstance(each, Dropped)}
    assert {name: each.reason for name, each in found.items()} == {
        "a/001.dcm": "no_picture",
        "a/002.dcm": "image",
        "a/003.dcm": "image",
    }
    assert "a dose is looked at over its images" in found["a/001.dcm"].detail


def test_windows_of_ct_are_only_for_hounsfield_units(root: Path) -> None:
    changed(root / "a/001.dcm", RescaleType="US")
    found = {each.original_id: each for each in records(root, windows=["brain"])}
    assert found["a/001.dcm"].fields["window"] == ""
    assert found["a/002.dcm"].fields["window"] == "brain"
    assert found["a/002.dcm"].acquisition.window == (40, 80)
