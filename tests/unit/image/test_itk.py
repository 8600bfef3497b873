"""NRRD and MetaImage files, against SimpleITK on real cases and by hand-written headers."""

import numpy as np
import pytest
import SimpleITK as itk  # noqa: N813 (as ITK's own name is)

from carriers.volumes import ramp
from doctorsun.errors import ImageError
from doctorsun.image.itk import is_itk_file, open_itk

SHAPE = (3, 4, 5)
NRRD = "NRRD0004\ntype: uint8\nencoding: raw\n"


def nrrd(path, header, values):
    path.write_bytes((NRRD + header).encode() + b"\n\n" + values.astype(np.uint8).tobytes(order="F"))
    return path


def test_a_real_case_lies_where_simpleitk_says(test_data):
    path = test_data / "pyradiomics_cases/data/brain1_image.nrrd"
    volume, known = open_itk(path), itk.ReadImage(str(path))
    for index in ((0, 0, 0), (10, 200, 3), (255, 0, 24)):
        assert np.allclose((volume.affine @ (*index, 1))[:3], known.TransformIndexToPhysicalPoint(index))
        assert volume.voxels.whole()[index] == known[index]
    assert np.array_equal(volume.voxels.slab(2, 7), itk.GetArrayFromImage(known)[7].T)
    assert (volume.orientation, volume.acquired_plane()) == ("LAH", "axial")


def test_axes_of_another_space_become_those_of_dicom(tmp_path):
    header = (
        "dimension: 3\nsizes: 3 4 5\nspace: right-anterior-superior\n"
        "space directions: (2,0,0) (0,3,0) (0,0,4)\nspace origin: (10,20,30)"
    )
    volume = open_itk(nrrd(tmp_path / "v.nrrd", header, ramp(SHAPE)))
    assert (volume.orientation, volume.spacing_mm) == ("RAH", (2, 3, 4))
    assert np.allclose(volume.affine @ (1, 1, 1, 1), (-12, -23, 34, 1))
    assert np.array_equal(volume.voxels.whole(), ramp(SHAPE))


@pytest.mark.parametrize(("header", "is_scaled"), [("spacings: 2 3 4", True), ('space units: "mm"', False)])
def test_a_header_without_a_space_has_no_orientation(tmp_path, header, is_scaled):
    header = "dimension: 3\nsizes: 3 4 5" + (f"\n{header}" if is_scaled else "")
    volume = open_itk(nrrd(tmp_path / "v.nrrd", header, ramp(SHAPE)))
    assert (volume.is_oriented, volume.is_scaled) == (False, is_scaled)


@pytest.mark.parametrize("suffix", ["mha", "mhd"])
def test_meta_images(tmp_path, suffix):
    image = itk.GetImageFromArray(ramp(SHAPE).T)
    image.SetSpacing((1.0, 2.0, 3.0))
    image.SetDirection((0, 0, 1, -1, 0, 0, 0, 1, 0))
    itk.WriteImage(image, tmp_path / f"v.{suffix}")
    volume = open_itk(tmp_path / f"v.{suffix}")
    assert (volume.orientation, volume.is_oriented, volume.is_scaled) == ("AHL", True, True)
    assert np.array_equal(volume.voxels.whole(), ramp(SHAPE))


def test_a_meta_image_may_lack_its_orientation(tmp_path):
    header = "ObjectType = Image\nNDims = 3\nDimSize = 3 4 5\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "v.mha").write_bytes(header.encode() + bytes(60))
    volume = open_itk(tmp_path / "v.mha")
    assert (volume.is_oriented, volume.is_scaled) == (False, False)


@pytest.mark.parametrize("is_vector", [True, False])
def test_a_channel_of_several(tmp_path, is_vector):
    values = ramp((2, 5, 4, 3))
    image = itk.GetImageFromArray(np.moveaxis(values, 0, -1) if is_vector else values, isVector=is_vector)
    itk.WriteImage(image, tmp_path / "v.nrrd")
    assert np.array_equal(open_itk(tmp_path / "v.nrrd", 1).voxels.whole(), values[1].T)
    with pytest.raises(ImageError, match="volume: got 2 channels, expected one"):
        open_itk(tmp_path / "v.nrrd")


def test_a_picture_is_no_volume(tmp_path):
    itk.WriteImage(itk.GetImageFromArray(ramp((4, 3))), tmp_path / "v.mha")
    with pytest.raises(ImageError, match=r"volume: got shape \[3, 4\], expected three dimensions"):
        open_itk(tmp_path / "v.mha")


def test_a_cut_file_is_damaged(tmp_path):
    path = nrrd(tmp_path / "v.nrrd", "dimension: 3\nsizes: 3 4 5", ramp(SHAPE))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImageError, match=r"the volume is damaged: got RuntimeError: .*; copy the file again"):
        open_itk(path).voxels.whole()
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ImageError, match=r"the volume is damaged: got RuntimeError: .*; copy the file again"):
        open_itk(path)


@pytest.mark.parametrize(
    ("beginning", "is_itk"),
    [(b"NRRD0005\n", True), (b"ObjectType = Image\n", True), (b"NDims = 3\n", True), (b"\x1f\x8b\x08", False)],
)
def test_files_are_told_by_their_beginning(beginning, is_itk):
    assert is_itk_file(beginning) is is_itk
