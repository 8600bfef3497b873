"""Readers of segmentations and structure sets in folders of DICOM files."""

import numpy as np
import pytest

from carriers.dicom_files import PREFIX, changed, write_segmentation, write_series, write_structures
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.readers.dicom_annotations import DicomSegmentation, DicomStructures
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError

VALUES = np.arange(6 * 8 * 10).reshape(6, 8, 10) - 200


@pytest.fixture
def root(tmp_path):
    images = write_series(tmp_path / "p1/ct", VALUES)
    masks = np.zeros((6, 8, 10, 2), dtype=np.uint8)
    masks[1:4, 2:6, 3:8, 0] = 1
    masks[2, 3:4, 4:6, 1] = 1
    write_segmentation(tmp_path / "p1/seg.dcm", images, masks, ("organ", "lesion"))
    x, y, z = -30 + 2.5 * 0.75, -40 + 1.5 * 0.5, 104.0
    points = [(x, y, z), (x + 3, y, z), (x + 3, y + 2, z), (x, y + 2, z)]
    write_structures(tmp_path / "p1/rt.dcm", {"PTV": [("CLOSED_PLANAR", points)]})
    (tmp_path / "README.txt").write_text("not DICOM")
    return tmp_path


def read(root, **settings):
    kind = settings.setdefault("kind", "dicom_segmentation")
    section = (DicomSegmentation if kind == "dicom_segmentation" else DicomStructures).model_validate(settings)
    return [section.read(pending, root) for pending in section.pending(root)]


def test_a_segmentation_is_read_over_its_series(root):
    ((record, _),) = read(root, slices={"num_slices": 1})
    assert record.original_id == "p1/seg.dcm/slice-2"
    assert record.labels == {"organ": True, "lesion": True}
    assert [(mark.label, mark.box_px, mark.slices) for mark in record.marks] == [
        ("organ", (3, 2, 8, 6), (1, 3)),
        ("lesion", (4, 3, 6, 4), (2, 2)),
    ]
    assert (record.plane, record.acquisition.slice, record.acquisition.orientation) == ("axial", 2, "L\\P")
    assert record.acquisition.spacing_mm == (0.5, 0.75)
    assert record.fields["modality"] == "CT"


def test_labels_may_be_codes(root):
    ((record, *_), ) = read(root, label="{property} ({code}): {segment}")  # fmt: skip
    assert {mark.label for mark in record.marks} <= {"Liver (10200004): organ", "Liver (10200004): lesion"}


def test_each_window_gives_pictures_of_its_own(root):
    (records,) = read(root, windows=["abdomen", [0, 100]], slices={"num_slices": 1, "num_clear": 0})
    assert [record.original_id.rsplit("/", 1)[1] for record in records] == ["abdomen", "0-100"]
    assert [record.acquisition.window for record in records] == [(50, 400), (0, 100)]


def test_a_structure_set_is_read_over_its_series(root):
    ((record,),) = read(root, kind="dicom_rtstruct", slices={"num_clear": 0})
    assert record.original_id == "p1/rt.dcm/slice-2"
    assert [(mark.label, mark.box_px) for mark in record.marks] == [("PTV", (3, 2, 7, 6))]


def test_copies_of_an_image_are_one_image(root):
    (root / "copy").mkdir()
    (root / "copy/x.dcm").write_bytes((root / "p1/ct/001.dcm").read_bytes())
    assert not isinstance(read(root)[0], Dropped)


def test_what_cannot_be_read_is_dropped(root):
    for path in (root / "p1/ct").iterdir():
        changed(path, SeriesInstanceUID=PREFIX + "1.2")
    assert read(root) == [Dropped("p1/seg.dcm", "no_file", f"no image of the series {PREFIX}1.1")]


def test_images_that_form_no_stack_are_dropped(root):
    changed(root / "p1/ct/001.dcm", ImagePositionPatient=[-30, -40, 100])
    (item,) = read(root)
    assert (item.reason, "two images at one place" in item.detail) == ("image", True)


def test_masks_elsewhere_are_dropped(root):
    for path in (root / "p1/ct").iterdir():
        changed(path, PixelSpacing=[1, 1])
    (item,) = read(root)
    assert (item.original_id, item.reason) == ("p1/seg.dcm", "mask")


def test_nothing_marked_and_nothing_clear_asked_for_is_dropped(root):
    images = sorted((root / "p1/ct").iterdir())
    write_segmentation(root / "p1/seg.dcm", images, np.zeros((6, 8, 10), dtype=np.uint8), ("organ",))
    assert read(root, slices={"num_clear": 0}) == [Dropped("p1/seg.dcm", "nothing_marked")]


def test_a_folder_without_annotations_is_a_fault(root):
    (root / "p1/seg.dcm").unlink()
    with pytest.raises(DataError, match=r"DICOM files in .*: got no SEG like \*\*/\*, expected at least one"):
        read(root)


def test_the_segmentations_of_dcmqi_become_samples(test_data):
    reader = AdapterReader(load_adapter("dicom_dcmqi"), test_data / "dicom_dcmqi")
    items = [reader.make(pending) for pending in reader.pending()]
    assert not any(isinstance(item, Dropped) for item in items)
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    livers = {sample.source.original_id.split("/")[3] for sample in samples if "liver" in sample.labels}
    assert livers == {"liver.dcm"}
    assert len({sample.groups.patient for sample in samples}) == 1
