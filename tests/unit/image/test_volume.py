"""Slices of volumes, whatever the order in which they are stored: sides of the patient, spacing and values."""

from itertools import permutations, product

import nibabel
import numpy as np
import pytest

from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window
from doctorsun.image.nifti import open_nifti
from doctorsun.image.volume import Shown, montage, show_slice
from doctorsun.schema import ImageFacts

SHAPE = (3, 4, 5)
ALL_AXES = ["".join(letters[side] for letters, side in zip(order, sides, strict=True))
            for order in permutations(("LR", "PA", "SI")) for sides in product((0, 1), repeat=3)]  # fmt: skip


@pytest.mark.parametrize("axes", ALL_AXES)
def test_pictures_do_not_depend_on_the_order_in_which_voxels_are_stored(tmp_path, axes):
    write_nifti(tmp_path / "v.nii", ramp(SHAPE), axes=axes)
    volume = open_nifti(tmp_path / "v.nii")

    ras = np.asarray(nibabel.as_closest_canonical(nibabel.load(tmp_path / "v.nii")).dataobj)
    stored = {plane: volume.directions[volume.axis_of(plane)][1] for plane in ("axial", "coronal", "sagittal")}
    axial = volume.slice_values("axial", 1 if stored["axial"] > 0 else 3)
    coronal = volume.slice_values("coronal", 1 if stored["coronal"] < 0 else 2)
    sagittal = volume.slice_values("sagittal", 0 if stored["sagittal"] < 0 else 2)
    assert np.array_equal(axial, ras[::-1, ::-1, 1].T), "right on the left, front up"
    assert np.array_equal(coronal, ras[::-1, 1, ::-1].T), "right on the left, head up"
    assert np.array_equal(sagittal, ras[0, ::-1, ::-1].T), "front on the left, head up"
    assert volume.picture_spacing_mm("axial") == (2.0, 1.5)
    assert volume.picture_spacing_mm("coronal") == (4.0, 1.5)
    assert volume.picture_spacing_mm("sagittal") == (4.0, 2.0)
    assert volume.orientation == axes.replace("S", "H").replace("I", "F")


def test_a_flipped_file_shows_the_same_patient_and_a_flipped_patient_another_picture(tmp_path):
    values = np.zeros(SHAPE, dtype=np.int16)
    values[0] = 100  # the patient's left
    write_nifti(tmp_path / "one.nii", values, axes="RAS")
    write_nifti(tmp_path / "flipped.nii", values, axes="LAS")
    write_nifti(tmp_path / "other.nii", values[::-1], axes="RAS")
    one, flipped, other = (
        open_nifti(tmp_path / f"{name}.nii").slice_values("axial", 2) for name in ("one", "flipped", "other")
    )
    assert (one[:, -1] == 100).all(), "the patient's left is on the right of the picture"
    assert np.array_equal(one, flipped)
    assert np.array_equal(one, other[:, ::-1])


def test_a_slice_is_shown_with_what_is_known_of_it(tmp_path):
    values = np.full(SHAPE, -1000.0, dtype=np.float32)
    values[1, 1, 2], values[2, 1, 2] = 50, np.nan
    write_nifti(tmp_path / "v.nii", values)
    shown = show_slice(open_nifti(tmp_path / "v.nii"), "axial", 2, Window(50, 101))
    assert shown.pixels.tolist() == [[0, 0, 0], [0, 0, 0], [0, 129, 0], [0, 0, 0]], "what is no number is black"
    assert shown.facts == ImageFacts(spacing_mm=(2.0, 1.5), window=(50, 101), slice=2, orientation="L\\P")


@pytest.mark.parametrize(
    ("spacing_mm", "plane"),
    [
        ((1, 1, 1), "axial"),
        ((1, 1, 1.1), "axial"),
        ((1, 4, 1), "coronal"),
        ((3, 1, 1), "sagittal"),
        ((1, 1, 5), "axial"),
    ],
)
def test_the_plane_of_a_scan_is_the_one_of_its_thick_slices(tmp_path, spacing_mm, plane):
    write_nifti(tmp_path / "v.nii", ramp(SHAPE), axes="PSR", spacing_mm=spacing_mm)
    assert open_nifti(tmp_path / "v.nii").acquired_plane() == plane


def test_without_an_orientation_no_plane_is_told(tmp_path):
    header = nibabel.Nifti1Header()
    header.set_data_shape(SHAPE)
    header.set_zooms((1.0, 2.0, 3.0))
    nibabel.save(nibabel.Nifti1Image(ramp(SHAPE), None, header), tmp_path / "v.nii")
    volume = open_nifti(tmp_path / "v.nii")
    assert (volume.orientation, volume.acquired_plane(), volume.is_scaled) == ("", None, True)
    shown = show_slice(volume, None, 4, Window(30, 60))
    assert shown.pixels.shape == (4, 3)
    assert shown.facts == ImageFacts(spacing_mm=(2.0, 1.0), window=(30, 60), slice=4)
    with pytest.raises(ImageError, match=r"axial slices: got a volume without orientation, expected one that tells"):
        volume.slice_values("axial", 0)


@pytest.mark.parametrize("index", [-1, 5])
def test_a_slice_that_is_not_there_is_refused(tmp_path, index):
    write_nifti(tmp_path / "v.nii", ramp(SHAPE))
    with pytest.raises(ImageError, match=f"slice: got {index}, expected 0 to 4"):
        open_nifti(tmp_path / "v.nii").slice_values("axial", index)


def test_a_montage_is_of_no_single_slice():
    facts = ImageFacts(spacing_mm=(2, 1), window=(0, 1), slice=3, orientation="L\\P")
    tiles = [Shown(pixels=np.full((2, 3), value, dtype=np.uint8), facts=facts) for value in (1, 2, 3)]
    whole = montage(tiles, 2)
    assert whole.pixels.tolist() == [[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 0, 0, 0]] * 2
    assert whole.facts == ImageFacts(spacing_mm=(2, 1), window=(0, 1), orientation="L\\P")


def test_a_montage_needs_pictures_of_one_size():
    with pytest.raises(
        ImageError, match=r"pictures of a montage: got sizes \[\], expected at least one, all of one size"
    ):
        montage([], 2)
