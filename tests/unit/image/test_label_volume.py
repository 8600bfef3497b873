"""Label maps on the grid of their image."""

import nibabel
import numpy as np
import pytest

from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.label_volume import read_labels
from doctorsun.image.nifti import open_nifti

SHAPE = (3, 4, 5)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SAL", "AIL"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_labels_follow_the_voxels_of_the_image(tmp_path, axes, dtype):
    write_nifti(tmp_path / "image.nii", ramp(SHAPE), axes="LPS")
    write_nifti(tmp_path / "labels.nii", ramp(SHAPE, dtype=dtype), axes=axes)
    image = open_nifti(tmp_path / "image.nii")
    labels = read_labels(open_nifti(tmp_path / "labels.nii"), image)
    assert np.array_equal(labels, image.voxels.whole())
    assert np.issubdtype(labels.dtype, np.integer)


@pytest.mark.parametrize("change", ["spacing", "origin", "size"])
def test_labels_elsewhere_are_refused(tmp_path, change):
    write_nifti(tmp_path / "image.nii", ramp(SHAPE))
    spacing = (1.5, 2.0, 4.4) if change == "spacing" else (1.5, 2.0, 4.0)
    write_nifti(tmp_path / "labels.nii", ramp((3, 4, 6) if change == "size" else SHAPE), spacing_mm=spacing)
    labels = open_nifti(tmp_path / "labels.nii")
    if change == "origin":
        labels.affine[0, 3] += 0.8
    with pytest.raises(ImageError, match=r"place of the label map: got another grid of voxels in space, expected"):
        read_labels(labels, open_nifti(tmp_path / "image.nii"))


def without_orientation(path, shape):
    image = nibabel.Nifti1Image(ramp(shape), None)
    image.header.set_zooms((1.0, 2.0, 3.0))
    nibabel.save(image, path)
    return open_nifti(path)


def test_without_orientations_equal_shapes_are_one_grid(tmp_path):
    image = without_orientation(tmp_path / "image.nii", SHAPE)
    assert np.array_equal(read_labels(image, image), ramp(SHAPE))
    other = without_orientation(tmp_path / "other.nii", (3, 4, 6))
    with pytest.raises(ImageError, match=r"got \(3, 4, 6\) voxels, expected the image's \(3, 4, 5\)"):
        read_labels(other, image)


def test_one_orientation_is_not_enough(tmp_path):
    write_nifti(tmp_path / "labels.nii", ramp(SHAPE))
    with pytest.raises(ImageError, match=r"got only one of the two with an orientation, expected both or neither"):
        read_labels(open_nifti(tmp_path / "labels.nii"), without_orientation(tmp_path / "image.nii", SHAPE))


def test_values_must_be_labels(tmp_path):
    write_nifti(tmp_path / "v.nii", ramp(SHAPE, dtype=np.float32) / 2)
    volume = open_nifti(tmp_path / "v.nii")
    with pytest.raises(ImageError, match=r"label map: got values that are not whole, expected labels"):
        read_labels(volume, volume)
