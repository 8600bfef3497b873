"""The reader of plain DICOM images: frames, windows and what headers tell."""

import numpy as np
import pytest

from carriers.dicom_files import write_series, write_structures
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.readers.dicom_images import DicomImages
from doctorsun.data.readers.item import Dropped


@pytest.fixture
def root(tmp_path):
    write_series(tmp_path / "a", np.arange(40).reshape(1, 5, 8), BodyPartExamined="HEAD")
    (tmp_path / "README.txt").write_text("not DICOM")
    return tmp_path


def read(root, **settings):
    section = DicomImages.model_validate({"kind": "dicom_images"} | settings)
    return [section.read(pending, root) for pending in section.pending(root)]


def test_headers_tell_modality_plane_and_part_of_the_body(root):
    ((record,),) = read(root)
    assert (record.original_id, record.plane) == ("a/001.dcm", "axial")
    assert (record.fields["modality"], record.fields["body_part"]) == ("CT", "HEAD")
    assert (record.acquisition.spacing_mm, record.acquisition.orientation) == ((0.5, 0.75), "L\\P")


def test_windows_are_for_ct(root):
    (records,) = read(root, windows=["brain", [400, 1800]])
    assert [record.original_id for record in records] == ["a/001.dcm/brain", "a/001.dcm/400-1800"]
    assert [record.acquisition.window for record in records] == [(40, 80), (400, 1800)]
    write_series(root / "a", np.arange(40).reshape(1, 5, 8), Modality="MR")
    ((record,),) = read(root, windows=["brain"])
    assert (record.original_id, record.fields["window"]) == ("a/001.dcm", "")


def test_frames_are_chosen_at_even_distances(test_data):
    root = test_data / "dicom_dcmqi/data/dcmqi/segmentations/23x38x3/multiframe"
    (two,) = read(root, num_frames=2)
    assert [record.original_id for record in two] == ["mf.dcm/frame-0", "mf.dcm/frame-2"]
    (one,) = read(root, num_frames=1)
    assert [record.original_id for record in one] == ["mf.dcm/frame-1"]


def test_what_is_no_picture_is_dropped(root):
    write_structures(root / "rt.dcm", {})
    (item,) = [item for item in read(root) if isinstance(item, Dropped)]
    assert (item.original_id, item.reason) == ("rt.dcm", "no_picture")
    assert "dicom_rtstruct" in item.detail


def test_the_images_of_pydicom_become_samples(test_data):
    reader = AdapterReader(load_adapter("dicom_pydicom_data"), test_data / "dicom_pydicom_data")
    items = [reader.make(pending) for pending in reader.pending()]
    assert len(items) == 25
    made = {item[0].source.original_id.split("/")[-1]: item[0] for item in items if not isinstance(item, Dropped)}
    assert (made["bad_sequence.dcm"].modality, made["bad_sequence.dcm"].anatomy) == ("ct", "neck")
    assert made["693_J2KR.dcm"].source.licence == "CC-BY-NC-SA-4.0"
    dropped = {item.original_id.split("/")[-1]: item.reason for item in items if isinstance(item, Dropped)}
    assert {name for name in dropped if name.startswith("liver")} == {"liver.dcm", "liver_j2k.dcm", "liver_rle.dcm"}
