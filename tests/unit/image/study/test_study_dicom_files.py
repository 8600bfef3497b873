import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from study_uploads import MAX_PIXELS, series_of, told, uploaded, zipped

from carriers.dicom_files import changed, write_series
from doctorsun.errors import ImageError
from doctorsun.image.dicom import open_dicom
from doctorsun.image.dicom_display import display_frame
from doctorsun.image.intensity import CT_WINDOWS, Window
from doctorsun.image.raster import decode
from doctorsun.image.study.series import NamedWindow, Series, presets
from doctorsun.image.study.show import render

SLICES = np.stack([np.full((4, 6), 100 * number) for number in range(5)])


def seen(folder: Path, series: Series, index: int, window: str = "") -> np.ndarray:
    return np.asarray(decode(render(folder, series, index, window, max_pixels=MAX_PIXELS)))


def archive_of(tmp_path: Path, paths: list[Path]) -> Path:
    return uploaded(tmp_path, zipped(tmp_path / "a.zip", {path.name: path.read_bytes() for path in paths}))


def test_a_series_is_in_the_order_of_its_places(tmp_path: Path) -> None:
    folder = archive_of(tmp_path, write_series(tmp_path / "ct", SLICES))
    (series,) = series_of(folder)
    assert (series.num_slices, series.default_slice, series.width, series.height) == (5, 2, 6, 4)
    assert (series.modality, series.plane, series.spacing_mm) == ("CT", "axial", (0.5, 0.75))
    assert series.warnings == ()
    assert series.windows == presets()
    assert series.default_window == "soft_tissue"
    shown = [int(seen(folder, series, index, "200,500")[0, 0]) for index in range(5)]
    assert shown == sorted(shown)
    assert len(set(shown)) == 5


def test_series_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    first = write_series(tmp_path / "one", SLICES[:2], SeriesInstanceUID="1.2.3", SeriesNumber=20)
    second = write_series(tmp_path / "two", SLICES[:3], SeriesInstanceUID="1.2.4", SeriesNumber=3)
    for path in second:
        path.rename(path.with_name(f"z{path.name}"))
    folder = archive_of(tmp_path, [*first, *(tmp_path / "two").iterdir()])
    assert [series.num_slices for series in series_of(folder)] == [3, 2]


def test_images_at_one_place_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "ct", SLICES[:3], step_mm=(0, 0, 0))
    for number, path in enumerate(paths):
        changed(path, InstanceNumber=10 - number, ImagePositionPatient=[0, 0, 1])
    folder = archive_of(tmp_path, paths)
    (series,) = series_of(folder)
    assert series.warnings == ("order_by_number",)
    assert [int(seen(folder, series, index, "100,300")[0, 0]) for index in range(3)] == [213, 128, 43]


def test_uneven_slices_are_told(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "ct", SLICES)
    (series,) = series_of(archive_of(tmp_path, [*paths[:3], paths[4]]))
    assert series.warnings == ("uneven_slices",)


def test_what_cannot_be_shown_is_counted_where_something_else_can(tmp_path: Path, shipped: Path) -> None:
    paths = write_series(tmp_path / "ct", SLICES)
    broken = tmp_path / "ct" / "broken.dcm"
    broken.write_bytes(paths[0].read_bytes()[:400])
    others = [tmp_path / "ct" / name for name in ("rtplan.dcm", "test-SR.dcm", "rtdose.dcm")]
    for path in others:
        shutil.copy(shipped / path.name, path)
    study = told(archive_of(tmp_path, [*paths, broken, *others]))
    assert (study["kind"], len(study["series"])) == ("dicom", 1)
    names = sorted(path.name for path in (*paths, broken, *others))
    assert {names[place] for place in study["skipped"]} == {path.name for path in (broken, *others)}


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("rtplan.dcm", "the DICOM file holds no picture but 'RT Plan Storage'"),
        ("rtdose.dcm", "the DICOM file holds no picture but 'RT Dose Storage'"),
        ("test-SR.dcm", "the DICOM file holds no picture but"),
        ("MR_truncated.dcm", "the DICOM file is damaged or cannot be decoded"),
        ("dicomdirtests/DICOMDIR", "the DICOM file holds no picture but 'Media Storage Directory Storage'"),
    ],
)
def test_a_lone_file_without_a_picture_is_refused(tmp_path: Path, shipped: Path, name: str, complaint: str) -> None:
    with pytest.raises(ImageError, match=re.escape(complaint)):
        told(uploaded(tmp_path, (shipped / name).read_bytes()))


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_bigendian.dcm",
        "JPEG2000.dcm",
        "693_J2KI.dcm",
        "image_dfl.dcm",
        "examples_palette.dcm",
        "examples_ybr_color.dcm",
        "SC_rgb_jpeg.dcm",
        "SC_rgb_rle_2frame.dcm",
    ],
)
def test_real_files_look_as_everywhere_else_here(tmp_path: Path, shipped: Path, name: str) -> None:
    folder = uploaded(tmp_path, (shipped / name).read_bytes())
    (series,) = series_of(folder)
    file = open_dicom(shipped / name)
    expected, _ = display_frame(file.values(series.default_slice), file.frame_header(series.default_slice))
    assert np.array_equal(seen(folder, series, series.default_slice), expected)


def test_frames_are_slices(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    frames = np.arange(7 * 5 * 3, dtype=np.uint16).reshape(7, 5, 3)
    folder = uploaded(tmp_path, dicom_file(frames, RescaleSlope=1, RescaleIntercept=0).read_bytes())
    (series,) = series_of(folder)
    assert (series.num_slices, series.default_slice) == (7, 3)
    assert not np.array_equal(seen(folder, series, 0, "50,100"), seen(folder, series, 6, "50,100"))
    with pytest.raises(ImageError, match="slice: got 7, expected 0 to 6"):
        render(folder, series, 7, "", max_pixels=MAX_PIXELS)


def test_the_files_own_windows_come_first(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    values = np.arange(20, dtype=np.int16).reshape(4, 5)
    windows = {"WindowCenter": [10, 10, 3], "WindowWidth": [8, 8, 4]}
    words = ["Normal", "normal", "Mrs White"]
    path = dicom_file(values, RescaleSlope=1, RescaleIntercept=0, **windows, WindowCenterWidthExplanation=words)
    folder = uploaded(tmp_path, path.read_bytes())
    (series,) = series_of(folder)
    assert series.windows == (NamedWindow("file", 10, 8, "NORMAL"), NamedWindow("file_3", 3, 4), *presets())
    assert series.default_window == "file"
    assert np.array_equal(seen(folder, series, 0, "file_3"), Window(3, 4).apply(values))
    with pytest.raises(ImageError, match="window: got 'file_2', expected CENTER,WIDTH or one of file, file_3, lung"):
        seen(folder, series, 0, "file_2")


def test_windows_beside_a_table_can_be_chosen(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    table = Dataset()
    table.LUTDescriptor = [4, 10, 8]
    table.LUTData = np.array([0, 50, 200, 255], np.uint16).tobytes()
    values = np.arange(8, 28, dtype=np.uint16).reshape(4, 5)
    windows = {"WindowCenter": [12, 20], "WindowWidth": [6, 10], "WindowCenterWidthExplanation": ["HARDER", "WINDOW_2"]}
    path = dicom_file(values, Modality="MR", VOILUTSequence=[table], **windows)
    folder = uploaded(tmp_path, path.read_bytes())
    (series,) = series_of(folder)
    own = (NamedWindow("file_1", 12, 6, "HARDER"), NamedWindow("file_2", 20, 10, "WINDOW 2"))
    assert series.windows == (NamedWindow("file", 12, 4), *own)
    assert np.array_equal(seen(folder, series, 0, "file_2"), Window(20, 10).apply(values))


def test_a_table_of_the_file_is_told_by_what_it_covers(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    table = Dataset()
    table.LUTDescriptor = [4, 10, 8]
    table.LUTData = np.array([0, 50, 200, 255], np.uint16).tobytes()
    values = np.arange(8, 28, dtype=np.uint16).reshape(4, 5)
    folder = uploaded(tmp_path, dicom_file(values, Modality="MR", VOILUTSequence=[table]).read_bytes())
    (series,) = series_of(folder)
    assert series.windows == (NamedWindow("file", 12, 4),)
    assert seen(folder, series, 0)[0].tolist() == [0, 0, 0, 50, 200]


def test_other_grey_values_get_their_whole_range(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    values = np.linspace(0, 4000, 400, dtype=np.uint16).reshape(20, 20)
    folder = uploaded(tmp_path, dicom_file(values, Modality="MR").read_bytes())
    (series,) = series_of(folder)
    (window,) = series.windows
    assert (window.name, series.default_window) == ("full", "full")
    assert 1900 < window.center < 2100
    assert np.array_equal(seen(folder, series, 0), seen(folder, series, 0, "full"))
    with pytest.raises(ImageError, match=r"window: got 'lung', expected CENTER,WIDTH or one of full"):
        seen(folder, series, 0, "lung")


def test_eight_bits_are_shown_as_they_are(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    values = np.arange(200, dtype=np.uint8).reshape(10, 20)
    folder = uploaded(tmp_path, dicom_file(values, Modality="US").read_bytes())
    (series,) = series_of(folder)
    assert series.windows == (NamedWindow("full", 127.5, 255),)
    assert np.array_equal(seen(folder, series, 0), values)


def test_white_is_black_where_the_least_value_is_white(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    values = np.arange(-600, 600, dtype=np.int16).reshape(30, 40)
    path = dicom_file(values, RescaleSlope=1, RescaleIntercept=0, PhotometricInterpretation="MONOCHROME1")
    folder = uploaded(tmp_path, path.read_bytes())
    (series,) = series_of(folder)
    assert np.array_equal(seen(folder, series, 0, "lung"), 255 - CT_WINDOWS["lung"].apply(values))


@pytest.mark.parametrize(
    ("elements", "complaint"),
    [
        ({"Rows": 60000, "Columns": 60000}, "the DICOM file is too large: got 1 frames of 60000 x 60000 pixels"),
        ({"NumberOfFrames": 2**31 - 1}, "the DICOM file is too large: got 2147483647 frames of 5 x 4 pixels"),
        ({"NumberOfFrames": 90_000}, "frames of the DICOM file: got 90000, expected at most 10000"),
        ({"NumberOfFrames": -3}, "the DICOM file is damaged: got -3 frames of 5 x 4 pixels"),
        ({"Rows": 0}, "the DICOM file is damaged: got 1 frames of 5 x 0 pixels"),
        ({"BitsAllocated": 64}, "the DICOM file is damaged or cannot be decoded"),
        ({"SamplesPerPixel": 3, "PlanarConfiguration": 0}, "the DICOM file is damaged or cannot be decoded"),
    ],
)
def test_numbers_of_the_header_are_not_believed(
    tmp_path: Path, dicom_file: Callable[..., Path], elements: dict[str, int], complaint: str
) -> None:
    path = dicom_file(np.zeros((4, 5), np.uint16))
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    with pytest.raises(ImageError, match=re.escape(complaint)):
        told(uploaded(tmp_path, path.read_bytes()))


def test_files_of_no_series_stand_alone(tmp_path: Path, dicom_file: Callable[..., Path]) -> None:
    data = dicom_file(np.zeros((4, 5), np.uint16), SOPClassUID=CTImageStorage).read_bytes()
    folder = uploaded(tmp_path, zipped(tmp_path / "a.zip", {"a.dcm": data, "b.dcm": data}))
    assert [series.num_slices for series in series_of(folder)] == [1, 1]
