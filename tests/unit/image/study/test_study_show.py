import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from study_uploads import MAX_BYTES, MAX_PIXELS, told, uploaded, zipped

from carriers.dicom_files import write_series
from carriers.volumes import ramp, write_nifti
from doctorsun.errors import ImageError
from doctorsun.image.raster import decode, encode_png
from doctorsun.image.study.show import MAX_SERIES, describe, sanitise

COLOUR = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
PNG = encode_png(COLOUR)


def test_files_of_several_kinds_are_shown_side_by_side(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "ct", np.zeros((2, 4, 6)))
    write_nifti(tmp_path / "a.nii", ramp((4, 5, 6)), spacing_mm=(1, 1, 4))
    members = {path.name: path.read_bytes() for path in (*paths, tmp_path / "a.nii")} | {"b.png": PNG}
    study = told(uploaded(tmp_path, zipped(tmp_path / "a.zip", members)))
    assert study["kind"] == "mixed"
    assert [each["kind"] for each in study["series"]] == ["dicom", "nifti", "picture"]
    assert study["skipped"] == []
    assert [each["member"] for each in study["series"]] == [None, 2, 3]


def test_a_damaged_file_beside_sound_ones_is_told(tmp_path: Path) -> None:
    members = {"d.png": PNG, "a.txt": b"words", "c.png": PNG[:-40], "b.png": PNG, "empty.png": b"", "e.txt": b"words"}
    study = told(uploaded(tmp_path, zipped(tmp_path / "a.zip", members)))
    assert ([each["member"] for each in study["series"]], study["skipped"]) == ([1, 3], [0, 2, 4])


def test_there_are_not_too_many_series(tmp_path: Path) -> None:
    members = {f"{number}.png": PNG for number in range(MAX_SERIES + 1)}
    with pytest.raises(ImageError, match="series of the upload: got 201, expected at most 200; send fewer at a time"):
        told(uploaded(tmp_path, zipped(tmp_path / "a.zip", members)))


@pytest.mark.parametrize("kind", ["png", "nii"])
def test_pixels_are_limited(tmp_path: Path, kind: str) -> None:
    write_nifti(tmp_path / "a.nii", ramp((20, 30, 6)), spacing_mm=(1, 1, 4))
    data = {"png": PNG, "nii": (tmp_path / "a.nii").read_bytes()}[kind]
    with pytest.raises(ImageError, match=r"(the picture is too large|slice of the volume): got .* at most 599 pixels"):
        describe(uploaded(tmp_path, data), max_bytes=MAX_BYTES, max_pixels=599)


def test_a_picture_is_written_anew() -> None:
    assert np.array_equal(np.asarray(decode(sanitise(PNG + b"hidden words", max_pixels=MAX_PIXELS))), COLOUR)
    assert b"hidden" not in sanitise(PNG + b"hidden words", max_pixels=MAX_PIXELS)


@pytest.fixture
def no_itk() -> Iterator[None]:
    found = sys.modules.get("SimpleITK")
    sys.modules["SimpleITK"] = None  # type: ignore[assignment]  # as Python marks what cannot be imported
    yield
    del sys.modules["SimpleITK"]
    sys.modules.update({"SimpleITK": found} if found else {})


@pytest.mark.usefixtures("no_itk")
def test_a_volume_whose_library_is_missing_is_refused(tmp_path: Path) -> None:
    header = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: raw\n\n"
    with pytest.raises(ImageError, match="volume: got a nrrd file, expected a kind that this server can read; convert"):
        told(uploaded(tmp_path, header + bytes(64)))
