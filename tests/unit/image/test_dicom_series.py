"""DICOM series as volumes: order, rescaling, and what makes a stack uneven."""

from pathlib import Path

import numpy as np
import pytest
from highdicom import get_volume_from_series
from pydicom import dcmread
from pydicom.data import get_testdata_file

from carriers.dicom_files import PREFIX, changed, write_series
from doctorsun.errors import ImageError
from doctorsun.image.dicom_series import open_series
from doctorsun.image.dicom_slices import slices_in, stacked
from doctorsun.image.volume_file import open_volume

VALUES = np.arange(3 * 4 * 5).reshape(3, 4, 5) - 30


def test_slices_come_in_the_order_of_their_places(tmp_path):
    volume = open_series(write_series(tmp_path, VALUES)[::-1])
    assert np.array_equal(volume.voxels.whole(), VALUES.T), "Hounsfield units: the rescale intercept is applied"
    assert (volume.shape, volume.spacing_mm, volume.orientation) == ((5, 4, 3), (0.75, 0.5, 2.0), "LPH")
    assert volume.irregular == ""
    assert np.array_equal(volume.slice_values("axial", 1), VALUES[1])
    assert np.array_equal(volume.slice_values("coronal", 2), VALUES[::-1, 2])


def test_a_real_series_lies_where_highdicom_says(test_data):
    folder = test_data / "dicom_dcmqi/data/dcmqi/segmentations/ct-3slice"
    volume = open_volume(folder)
    known = get_volume_from_series([dcmread(path) for path in sorted(folder.iterdir())])
    for slice_, row, column in ((0, 0, 0), (1, 300, 40), (2, 511, 511)):
        place = volume.affine @ (column, row, slice_, 1)
        index = np.rint(known.map_reference_to_indices(place[None, :3])[0]).astype(int)
        assert np.allclose(known.map_indices_to_reference(index[None])[0], place[:3], atol=1e-3)
        assert volume.voxels.slab(2, slice_)[column, row] == known.array[tuple(index)]


def test_missing_slices_are_told(test_data):
    volume = open_volume(test_data / "dicom_dcmqi/data/dcmqi/paramaps/701-ADCb500")
    assert volume.irregular == "distances of 3.00 to 9.00 mm between slices"
    assert volume.picture_spacing_mm("axial") == (0.7031, 0.7031)
    assert volume.picture_spacing_mm("coronal") is None


def test_a_tilted_gantry_is_told(tmp_path):
    volume = open_series(write_series(tmp_path, VALUES, step_mm=(0, 1.0, 2.0)))
    assert volume.irregular == "slices shifted as by a gantry tilt of 26.6 degrees"


def test_frames_of_an_enhanced_file_are_slices(test_data):
    segmentations = test_data / "dicom_dcmqi/data/dcmqi/segmentations/23x38x3"
    frames, files = open_series([segmentations / "multiframe/mf.dcm"]), open_volume(segmentations / "image")
    assert frames.shape == (23, 38, 3)
    assert np.allclose(frames.affine, files.affine)
    assert np.array_equal(frames.voxels.whole(), files.voxels.whole())


def test_files_that_are_no_images_have_no_slices():
    assert slices_in(Path(get_testdata_file("reportsi.dcm", download=False))) == []
    assert slices_in(Path(get_testdata_file("liver_1frame.dcm", download=False))) == []


def test_nothing_makes_no_stack():
    with pytest.raises(
        ImageError, match="DICOM series: got no image with a place in the patient, expected at least one"
    ):
        stacked([])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SeriesInstanceUID": PREFIX + "77"}, "got 2 series, expected slices of one; keep each series by itself"),
        ({"PixelSpacing": [1, 1]}, "got 2 pixel spacings, expected slices of one"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "got 2 directions, expected slices of one"),
        ({"Rows": 2}, "got 2 sizes, expected slices of one"),
        (
            {"ImagePositionPatient": [-30, -40, 100]},
            r"two images at one place \(003.dcm, 002.dcm\), expected one image",
        ),
    ],
)
def test_slices_that_do_not_belong_together_are_refused(tmp_path, changes, message):
    paths = write_series(tmp_path, VALUES)
    changed(paths[1], **changes)
    with pytest.raises(ImageError, match=f"DICOM series: {message}|{message}"):
        open_series(paths)


def test_a_damaged_file_is_named(tmp_path):
    paths = write_series(tmp_path, VALUES)
    paths[1].write_bytes(b"no DICOM")
    with pytest.raises(ImageError, match=r"002\.dcm: DICOM header: got InvalidDicomError: .*, expected a DICOM image"):
        open_series(paths)


def test_cut_pixels_are_named(tmp_path):
    paths = write_series(tmp_path, VALUES)
    paths[1].write_bytes(paths[1].read_bytes()[:-10])
    with pytest.raises(ImageError, match=r"002\.dcm: the image is damaged: got .*; copy the file again"):
        open_series(paths).voxels.whole()


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"image .*none\.nii: got No such file or directory"):
        open_volume(tmp_path / "none.nii")
