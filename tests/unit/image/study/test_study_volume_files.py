import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from study_uploads import MAX_PIXELS, series_of, told, uploaded, zipped

from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.nifti import open_nifti
from doctorsun.image.raster import decode
from doctorsun.image.study.show import render
from doctorsun.image.volume import show_slice

EVEN = (2.0, 2.0, 2.0)
META = b"ObjectType = Image\nNDims = 3\nDimSize = 4 4 4\nElementType = MET_UCHAR\n"


def nifti(path: Path, shape: tuple[int, ...], spacing_mm: tuple[float, ...], low: int = 0) -> bytes:
    write_nifti(path, ramp(shape) + low, spacing_mm=spacing_mm)
    return path.read_bytes()


def test_even_voxels_are_looked_at_from_three_sides(tmp_path: Path) -> None:
    data = nifti(tmp_path / "a.nii", (4, 5, 6), EVEN)
    folder = uploaded(tmp_path, gzip.compress(data, mtime=0))
    series = series_of(folder)
    assert [(each.plane, each.num_slices, each.width, each.height) for each in series] == [
        ("axial", 6, 4, 5),
        ("coronal", 5, 4, 6),
        ("sagittal", 4, 5, 6),
    ]
    volume = open_nifti(tmp_path / "a.nii")
    for each in series:
        index = each.default_slice
        window = each.window("full")
        assert window
        assert each.source.plane
        expected = show_slice(volume, each.source.plane, index, window).pixels
        shown = np.asarray(decode(render(folder, each, index, "", max_pixels=MAX_PIXELS)))
        assert np.array_equal(shown, expected)
    assert series[0].facts["stored_orientation"] == volume.orientation
    assert series[0].facts["voxels"] == [4, 5, 6]


def test_thick_slices_are_looked_at_as_they_were_scanned(tmp_path: Path) -> None:
    (series,) = series_of(uploaded(tmp_path, nifti(tmp_path / "a.nii", (4, 5, 6), (1.0, 4.0, 1.0))))
    assert (series.plane, series.num_slices, series.spacing_mm) == ("coronal", 5, (1.0, 1.0))


def test_windows_of_ct_are_offered_where_values_reach_down_to_air(tmp_path: Path) -> None:
    (series, *_) = series_of(uploaded(tmp_path, nifti(tmp_path / "a.nii", (4, 5, 6), EVEN, low=-1000)))
    assert [window.name for window in series.windows] == ["full", "lung", "bone", "brain", "soft_tissue"]
    assert series.default_window == "full"


def test_of_several_channels_the_first_is_shown(tmp_path: Path) -> None:
    (series, *_) = series_of(uploaded(tmp_path, nifti(tmp_path / "a.nii", (4, 5, 6, 3), EVEN)))
    assert series.warnings == ("first_of_several_channels",)


@pytest.mark.parametrize("length", [360, 400, 590])
def test_a_cut_volume_is_damaged(tmp_path: Path, length: int) -> None:
    data = nifti(tmp_path / "a.nii", (4, 5, 6), EVEN)
    assert len(data) == 592
    with pytest.raises(ImageError, match="the volume is damaged"):
        told(uploaded(tmp_path, data[:length]))


@pytest.mark.parametrize(
    ("dims", "complaint"),
    [
        ((3, 32767, 32767, 32767), "the volume is too large: got 32767 x 32767 x 32767 voxels"),
        ((3, 30000, 30000, 1), "slice of the volume|the volume is damaged"),
        ((2, 5, 5, 1), "volume: got shape [5, 5], expected three dimensions"),
        ((3, -4, 5, 6), "volume"),
    ],
)
def test_sizes_of_the_header_are_not_believed(tmp_path: Path, dims: tuple[int, ...], complaint: str) -> None:
    data = bytearray(nifti(tmp_path / "a.nii", (4, 5, 6), EVEN))
    data[40:48] = struct.pack("<4h", *dims)
    pattern = complaint if "|" in complaint else re.escape(complaint)
    with pytest.raises(ImageError, match=pattern):
        told(uploaded(tmp_path, bytes(data)))


@pytest.mark.parametrize(
    "header",
    [
        b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: /etc/passwd\n\n",
        b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\nDATAFILE: LIST\n/etc/passwd\n\n",
        META + b"ElementDataFile = /etc/passwd\n",
        META + b"ElementDataFile = LIST\n/etc/passwd\n",
        META + b"ElementDataFile = LOCALx\n",
    ],
)
def test_a_volume_may_not_name_another_file(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ImageError, match="volume: got the name of another file in its header"):
        told(uploaded(tmp_path, header + bytes(64)))


def test_a_header_must_end_where_it_is_looked_at(tmp_path: Path) -> None:
    header = b"NRRD0004\n" + b"# words\n" * 9000 + b"data file: /etc/passwd\n\n"
    with pytest.raises(ImageError, match="volume: got a header without an end, expected at most 65536 bytes of it"):
        told(uploaded(tmp_path, header))


def test_a_metaimage_of_its_own_voxels_is_shown(tmp_path: Path) -> None:
    pytest.importorskip("SimpleITK")
    header = META + b"ElementSpacing = 1 1 3\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
    data = header + b"ElementType = MET_UCHAR\nElementDataFile = LOCAL\n" + bytes(range(64))
    (series,) = series_of(uploaded(tmp_path, data))
    assert (series.kind, series.plane, series.num_slices) == ("metaimage", "axial", 4)


def test_real_volumes_are_shown(tmp_path: Path, test_data: Path) -> None:
    pytest.importorskip("SimpleITK")
    path = test_data / "pyradiomics_cases" / "data" / "brain1_image.nrrd"
    folder = uploaded(tmp_path, zipped(tmp_path / "a.zip", {"brain.nrrd": path.read_bytes()}))
    (series,) = series_of(folder)
    assert (series.kind, series.num_slices, series.width, series.height) == ("nrrd", 25, 256, 256)
    assert np.asarray(decode(render(folder, series, 12, "", max_pixels=MAX_PIXELS))).std() > 20
