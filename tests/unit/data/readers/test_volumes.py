"""The reader of volumes with label maps: files, meanings, planes, windows, montage, and what is dropped."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from carriers.dicom_files import write_series
from carriers.volumes import write_nifti
from doctorsun.data.readers.dataset_json import labels_of_dataset
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.volumes import Volumes
from doctorsun.errors import DataError

SHAPE = (12, 10, 8)
PAGE = {
    "kind": "volumes",
    "cases": "{case}/image.nii",
    "images": [{"file": "{case}/image.nii"}],
    "masks": [{"file": "{case}/mask.nii", "values": {"1": "organ", "2": "lesion"}}],
    "slices": {"num_slices": 1, "num_clear": 0},
}


@pytest.fixture
def root(tmp_path):
    values, mask = np.random.default_rng(1).integers(0, 90, SHAPE).astype(np.int16), np.zeros(SHAPE, dtype=np.uint8)
    mask[2:8, 2:8, 1:7] = 1
    mask[3:5, 3:5, 3:5] = mask[6:7, 6:7, 3:4] = 2
    write_nifti(tmp_path / "a/image.nii", values)
    write_nifti(tmp_path / "a/mask.nii", mask)
    return tmp_path


def read(root, **changes):
    reader = Volumes.model_validate(PAGE | changes)
    return [reader.read(pending, root) for pending in reader.pending(root)]


def mask_page(**changes):
    return [{"file": "{case}/mask.nii", **changes}]


def test_a_case_gives_records_of_its_slices(root):
    ((record,),) = read(root)
    assert record.original_id == "a/image.nii/axial-3"
    assert (record.plane, record.acquisition.slice, record.labels) == ("axial", 3, {"organ": True, "lesion": True})
    assert record.fields == {"case": "a", "window": "", "plane": "axial", "slice": "3"}
    assert [(mark.label, mark.slices) for mark in record.marks] == [("organ", (1, 6)), ("lesion", (3, 4))]


def test_parts_that_do_not_touch_may_be_objects_of_their_own(root):
    ((record,),) = read(root, masks=mask_page(values={"1": "organ", "2": "lesion"}, separate=["lesion"]))
    assert sorted((mark.label, mark.slices) for mark in record.marks) == [
        ("lesion", (3, 3)),
        ("lesion", (3, 4)),
        ("organ", (1, 6)),
    ]


def test_values_together_make_a_label(root):
    ((record,),) = read(root, masks=mask_page(values={"1,2": "organ", "2": "lesion"}))
    assert [np.count_nonzero(mark.mask) for mark in record.marks] == [36, 5]


@pytest.mark.parametrize(("plane", "shape"), [("axial", (10, 12)), ("coronal", (8, 12)), ("sagittal", (8, 10))])
def test_slices_of_every_plane(root, plane, shape):
    ((record,),) = read(root, plane=plane)
    assert (record.plane, record.picture.shape) == (plane, shape)
    assert all(mark.mask.shape == shape for mark in record.marks)


def test_each_window_gives_pictures_of_its_own(root):
    (records,) = read(root, images=[{"file": "{case}/image.nii", "windows": ["lung", [40, 80]]}])
    assert [record.original_id for record in records] == ["a/image.nii/axial-3/lung", "a/image.nii/axial-3/40-80"]
    assert [record.acquisition.window for record in records] == [(-600, 1500), (40, 80)]


def test_a_montage_shows_all_chosen_slices_and_is_of_none(root):
    (records,) = read(root, montage=True, slices={"num_slices": 3, "num_clear": 0, "gap_mm": 0})
    single, whole = records[:-1], records[-1]
    assert whole.original_id == "a/image.nii/montage"
    assert whole.picture.shape == (20, 24)
    assert np.array_equal(whole.picture[:10, :12], single[0].picture)
    assert (whole.acquisition.slice, whole.marks, whole.labels["lesion"]) == (None, (), True)


def test_a_dicom_series_may_be_the_image(tmp_path):
    values = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    write_series(tmp_path / "a/CT", values)
    mask = np.zeros((5, 4, 3), dtype=np.uint8)
    mask[1:3, 1:3, 1] = 1
    ras = mask[::-1, ::-1]  # the series runs to the left and to the back
    write_nifti(tmp_path / "a/mask.nii", ras, axes="LPS", spacing_mm=(0.75, 0.5, 2))
    affine = np.diag([-0.75, -0.5, 2, 1])
    affine[:3, 3] = (30, 40, 100)
    import nibabel

    nibabel.save(nibabel.Nifti1Image(mask, affine), tmp_path / "a/mask.nii")
    ((record,),) = read(tmp_path, cases="{case}/mask.nii", images=[{"file": "{case}/CT", "windows": [[10, 40]]}])
    assert [(mark.label, mark.box_px) for mark in record.marks] == [("organ", (1, 1, 3, 3))]


def test_meanings_of_values_may_stand_in_a_dataset_json(root):
    (root / "a/dataset.json").write_text(
        json.dumps({"labels": {"background": 0, "liver": 1, "part": 2, "all": [1, 2]}})
    )
    ((record,),) = read(root, masks=mask_page(index="{case}/dataset.json", label="{case}: {name}"))
    sizes = {mark.label: int(np.count_nonzero(mark.mask)) for mark in record.marks}
    assert sizes == {"a: liver": 31, "a: part": 5, "a: all": 36}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"dataset\.json: got .*, expected the JSON file of the data set"),
        ("{}", r'dataset\.json: labels: got None, expected pairs such as "1": "liver" or "liver": 1'),
        ('{"labels": {"liver": "x"}}', r"dataset\.json: labels: got \{'liver': 'x'\}, expected pairs"),
    ],
)
def test_a_dataset_json_must_tell_labels(tmp_path, content, message):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(DataError, match=message):
        labels_of_dataset(tmp_path / "dataset.json")


def test_an_unknown_value_says_which_line_to_add(root):
    with pytest.raises(
        DataError, match=r"mask\.nii: got the value 2, expected 0 or one of 1; add the line '\"2\": LABEL'"
    ):
        read(root, masks=mask_page(values={"1": "organ"}))


def test_keys_of_values_are_numbers(root):
    with pytest.raises(DataError, match=r"values of a label map: got .*'one'.*, expected numbers such as '1' or '1,2'"):
        read(root, masks=mask_page(values={"one": "organ"}))


@pytest.mark.parametrize("changes", [{}, {"values": {"1": "a"}, "index": "dataset.json"}])
def test_a_label_map_has_values_or_an_index(changes):
    with pytest.raises(ValidationError, match="a label map has either values or an index"):
        Volumes.model_validate(PAGE | {"masks": mask_page(**changes)})


def test_what_is_missing_or_damaged_is_dropped(root):
    write_nifti(root / "b/image.nii", np.zeros(SHAPE, dtype=np.int16))
    (root / "c").mkdir()
    (root / "c/image.nii").write_bytes(b"damaged")
    write_nifti(root / "d/image.nii", np.zeros(SHAPE, dtype=np.int16))
    write_nifti(root / "d/mask.nii", np.zeros((2, 2, 2), dtype=np.uint8))
    items = read(root)[1:]
    assert [(item.original_id, item.reason) for item in items if isinstance(item, Dropped)] == [
        ("b/image.nii", "no_file"),
        ("c/image.nii", "image"),
        ("d/image.nii", "mask"),
    ]
    (item,) = [item for item in read(root, images=[{"file": "{case}/t2.nii"}]) if item.original_id.startswith("b")]
    assert (item.reason, item.detail) == ("no_file", "b/t2.nii")


def test_a_case_without_an_image_of_its_own_is_dropped(root):
    assert read(root, images=[{"file": "{case}/image.nii", "where": {"case": "b"}}]) == [
        Dropped("a/image.nii", "no_file", "no image of the adapter is of this case")
    ]
