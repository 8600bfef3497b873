"""NIfTI files: scaling, channels, units, what is trusted, and damage."""

import gzip

import nibabel
import numpy as np
import pytest

from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.nifti import open_nifti

SHAPE = (3, 4, 5)


@pytest.fixture
def save(tmp_path):
    """Return a writer of an image with changed header fields."""

    def write(values, affine=None, **fields):
        image = nibabel.Nifti1Image(values, np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine)
        image.header.set_xyzt_units("mm")
        path = tmp_path / "v.nii"
        nibabel.save(image, path)
        data = bytearray(path.read_bytes())
        header = nibabel.Nifti1Header(bytes(data[:348]))
        for name, value in fields.items():
            header[name] = value
        data[:348] = header.binaryblock
        path.write_bytes(bytes(data))
        return path

    return write


def test_values_are_rescaled(save):
    volume = open_nifti(save(ramp(SHAPE), scl_slope=0.5, scl_inter=-10.0))
    assert np.allclose(volume.voxels.whole(), ramp(SHAPE) * 0.5 - 10)
    assert np.allclose(volume.voxels.slab(1, 2), ramp(SHAPE)[:, 2] * 0.5 - 10)


def test_a_slope_of_zero_means_no_scaling(save):
    assert np.array_equal(open_nifti(save(ramp(SHAPE), scl_slope=0.0, scl_inter=7.0)).voxels.whole(), ramp(SHAPE))


@pytest.mark.parametrize("shape", [(3, 4, 5, 2), (3, 4, 5, 1, 2)])
def test_a_channel_of_several(save, shape):
    path = save(ramp(shape))
    assert np.array_equal(open_nifti(path, 1).voxels.slab(2, 3), ramp(shape).reshape(3, 4, 5, 2)[:, :, 3, 1])
    with pytest.raises(ImageError, match="volume: got 2 channels, expected one; name one: 'channel: 0'"):
        open_nifti(path)
    with pytest.raises(ImageError, match="channel of the volume: got 2, expected 0 to 1"):
        open_nifti(path, 2)


def test_a_fourth_dimension_of_one_needs_no_channel(save):
    assert open_nifti(save(ramp((3, 4, 5, 1)))).voxels.whole().shape == SHAPE


@pytest.mark.parametrize(("units", "factor"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
def test_lengths_are_in_millimetres(save, units, factor):
    volume = open_nifti(save(ramp(SHAPE), xyzt_units=units))
    assert volume.spacing_mm == pytest.approx((2 * factor, 2 * factor, 3 * factor))
    assert volume.is_scaled


def test_sizes_that_contradict_the_form_are_not_trusted(save):
    volume = open_nifti(save(ramp(SHAPE), pixdim=[1, 2, 2, 5, 1, 1, 1, 1]))
    assert volume.is_oriented
    assert volume.picture_spacing_mm("axial") is None


def test_voxels_of_one_millimetre_without_a_form_are_not_trusted(save):
    volume = open_nifti(save(ramp(SHAPE), np.eye(4), sform_code=0, qform_code=0))
    assert (volume.is_oriented, volume.is_scaled) == (False, False)


@pytest.mark.parametrize("keep", [0, 100, 348, 500])
def test_a_cut_file_is_damaged(tmp_path, keep):
    write_nifti(tmp_path / "v.nii.gz", np.random.default_rng(1).integers(0, 999, (20, 20, 20)).astype(np.int16))
    (tmp_path / "v.nii.gz").write_bytes((tmp_path / "v.nii.gz").read_bytes()[:keep])
    with pytest.raises(ImageError, match=r"the volume is damaged: got .*; copy the file again or leave it out"):
        open_nifti(tmp_path / "v.nii.gz").slice_values("axial", 19)


def test_other_formats_are_refused(tmp_path):
    nibabel.save(nibabel.MGHImage(ramp(SHAPE, dtype=np.int32), np.eye(4)), tmp_path / "v.mgz")
    with pytest.raises(ImageError, match="volume: got MGHImage, expected NIfTI; convert it to NIfTI"):
        open_nifti(tmp_path / "v.mgz")


def test_a_picture_is_no_volume(save):
    with pytest.raises(ImageError, match=r"volume: got shape \[3, 4\], expected three dimensions, none of them empty"):
        open_nifti(save(ramp((3, 4))))


def test_colours_are_refused(save):
    colours = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(ImageError, match=r"voxels: got .*, expected whole or decimal numbers; convert the volume"):
        open_nifti(save(colours))


def test_a_huge_volume_is_refused_by_its_header(tmp_path):
    header = nibabel.Nifti1Header()
    header.set_data_shape((30000, 30000, 30000))
    (tmp_path / "v.nii.gz").write_bytes(gzip.compress(header.binaryblock + bytes(8)))
    with pytest.raises(ImageError, match="the volume is too large: got 30000 x 30000 x 30000 voxels, expected at most"):
        open_nifti(tmp_path / "v.nii.gz")


def test_axes_must_span_a_space(save):
    with pytest.raises(ImageError, match="geometry of the volume: got axes that do not span a space"):
        open_nifti(save(ramp(SHAPE), srow_x=[1, 1, 0, 0], srow_y=[1, 1, 0, 0]))
