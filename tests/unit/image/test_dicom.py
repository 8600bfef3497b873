"""DICOM files are opened by their header and read frame by frame; what cannot be read is told."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import HTJ2K, UID, DeflatedExplicitVRLittleEndian

from doctorsun.errors import ImageError
from doctorsun.image.dicom import open_dicom
from doctorsun.image.picture import count_frames, open_picture

UNDECODABLE = {  # among the files with pixels that pydicom brings along
    "JPEG-lossy.dcm": "JPEG Extended",
    "JPGExtended.dcm": "JPEG Extended",
    "JPEG2000-embedded-sequence-delimiter.dcm": "Unable to decode",
    "MR_truncated.dcm": "number of bytes of pixel data is less than expected",
    "badVR.dcm": "invalid literal for int",
    "meta_missing_tsyntax.dcm": "no rows and columns",
    "nested_priv_SQ.dcm": "no rows and columns",
}
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def with_pixels(folder: Path) -> list[Path]:
    found: list[Path] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path, force=path.suffix == ".dcm")
            except pydicom.errors.InvalidDicomError:
                continue
        if any(keyword in dataset for keyword in PIXELS):
            found.append(path)
    return found


def test_of_the_files_with_pixels_that_pydicom_ships_88_of_95_decode(shipped: Path) -> None:
    files = with_pixels(shipped)
    assert len(files) == 95
    failed: dict[str, str] = {}
    for path in files:
        try:
            file = open_dicom(path)
            values = file.values(file.num_frames - 1)
        except ImageError as error:
            failed[path.name] = error.text()
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True)
            expected = dataset.pixel_array[-1] if file.num_frames > 1 else dataset.pixel_array
        assert values.shape == expected.shape == (dataset.Rows, dataset.Columns, *((3,) if expected.ndim > 2 else ()))
        if not dataset.PhotometricInterpretation.startswith("YBR"):
            assert np.array_equal(values, expected), path.name
    assert failed.keys() == UNDECODABLE.keys()
    for name, reason in UNDECODABLE.items():
        assert reason in failed[name]
        assert failed[name].startswith("the DICOM file ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "rtstruct.dcm",
            r"no picture but 'RT Structure Set Storage': got no rows .*'doctorsun data convert' \(reader dic",
        ),
        (
            "test-SR.dcm",
            "no picture but 'Comprehensive SR Storage': got no rows and columns, expected an image; leave it",
        ),
        ("waveform_ecg.dcm", "no picture but '12-lead ECG Waveform Storage'"),
        ("liver_1frame.dcm", r"no picture but 'Segmentation Storage': got labels of .*reader dicom_segmentation"),
        ("dicomdirtests/DICOMDIR", "no picture but 'Media Storage Directory Storage': .* that this directory lists"),
        ("rtplan_truncated.dcm", "no picture but 'RT Plan Storage'"),
    ],
)
def test_objects_without_a_picture_say_what_reads_them(shipped: Path, name: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        open_picture(shipped / name)


def test_one_frame_of_several_is_read(shipped: Path) -> None:
    path = shipped / "SC_rgb_rle_2frame.dcm"
    assert count_frames(path) == 2
    frames = pydicom.dcmread(path).pixel_array
    assert np.array_equal(open_picture(path, frame=1).picture, frames[1])
    assert open_picture(path, frame=1).facts.slice == 1
    with pytest.raises(ImageError, match=r"2frame.dcm: the DICOM file holds several frames: got 2, expected 1; choose"):
        open_picture(path)
    with pytest.raises(ImageError, match=r"2frame.dcm: frame of the DICOM file: got 2, expected 0 to 1"):
        open_picture(path, frame=2)


@pytest.mark.parametrize(
    "name", ["MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm"]
)
def test_the_encoding_does_not_matter(shipped: Path, name: str) -> None:
    expected = open_picture(shipped / "MR_small.dcm")
    found = open_picture(shipped / name)
    assert np.array_equal(found.picture, expected.picture)
    assert found.facts == expected.facts


def test_values_are_in_the_byte_order_of_the_machine(shipped: Path) -> None:
    assert open_dicom(shipped / "MR_small_bigendian.dcm").values(0).dtype.isnative


def test_frames_of_a_deflated_file(dicom_file: Callable[..., Path]) -> None:
    values = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
    path = dicom_file(values)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    assert np.array_equal(open_dicom(path).values(1), values[1])


def test_a_bare_data_set_is_read_as_a_file(shipped: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped / "CT_small.dcm")
    path = tmp_path / "bare"
    for implicit, little in ((True, True), (False, True), (False, False)):
        dataset = pydicom.dcmread(shipped / ("CT_small.dcm" if little else "MR_small_bigendian.dcm"))
        expected = dataset.pixel_array
        del dataset.file_meta
        dataset.preamble = None
        dataset.save_as(path, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
        assert path.read_bytes()[128:132] != b"DICM"
        assert np.array_equal(open_dicom(path).values(0), expected)
        assert isinstance(open_picture(path).picture, np.ndarray)


def test_a_file_whose_meta_information_tells_no_encoding_is_damaged(shipped: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(shipped / "CT_small.dcm")
    del dataset.file_meta.TransferSyntaxUID
    path = tmp_path / "no_syntax.dcm"
    dataset.save_as(path, implicit_vr=False, little_endian=True)
    with pytest.raises(
        ImageError, match=r"damaged: got no transfer syntax, expected a Transfer Syntax UID \(0002,0010"
    ):
        open_dicom(path).values(0)


@pytest.mark.parametrize(
    ("name", "syntax", "told"),
    [
        ("JPEG-lossy.dcm", None, r"JPEG Extended \(Process 2 and 4\) \(1.2.840.10008.1.2.4.51\)"),
        ("CT_small.dcm", HTJ2K, r"High-Throughput JPEG 2000 Image Compression \(1.2.840.10008.1.2.4.203\)"),
        ("CT_small.dcm", UID("1.2.3.4"), r"1\.2\.3\.4;"),
    ],
    ids=["12 bits", "no plugin", "unknown"],
)
def test_an_encoding_that_nothing_here_decodes_is_named_and_is_no_damage(
    shipped: Path, tmp_path: Path, name: str, syntax: UID | None, told: str
) -> None:
    dataset = pydicom.dcmread(shipped / name)
    if syntax:
        dataset.PixelData = encapsulate([dataset.PixelData])
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(tmp_path / name, enforce_file_format=False)
    with pytest.raises(ImageError, match=f"in a way that is not supported: got transfer syntax {told}") as fault:
        open_dicom(tmp_path / name).values(0)
    assert "damaged" not in fault.value.text()


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_jpeg2k.dcm", "image_dfl.dcm", "examples_ybr_color.dcm"])
def test_files_that_are_cut_off_are_refused(shipped: Path, tmp_path: Path, name: str, share: float) -> None:
    data = (shipped / name).read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match=r"cut.dcm: the DICOM file (is damaged|holds no picture)"):
        open_picture(path, frame=29 if "ybr" in name else None)


def test_sizes_are_limited_before_decoding(dicom_file: Callable[..., Path]) -> None:
    path = dicom_file(np.zeros((30, 40), np.uint16))
    assert open_dicom(path, max_pixels=1200).num_frames == 1
    with pytest.raises(
        ImageError, match=r"too large: got 1 frames of 40 x 30 pixels, expected at most 100000 frames o"
    ):
        open_dicom(path, max_pixels=1199)
    with pytest.raises(ImageError, match=r"too large: got 100001 frames .*; export it smaller$"):
        open_dicom(dicom_file(np.zeros((30, 40), np.uint16), NumberOfFrames=100_001))


@pytest.mark.parametrize(("keyword", "value"), [("Rows", 0), ("NumberOfFrames", -1)])
def test_impossible_sizes_are_damage(dicom_file: Callable[..., Path], keyword: str, value: int) -> None:
    path = dicom_file(np.zeros((30, 40), np.uint16), **{keyword: value})
    with pytest.raises(ImageError, match=r"damaged: got (1|-1) frames of 40 x"):
        open_dicom(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"image .*none.dcm: got No such file"):
        open_picture(tmp_path / "none.dcm")


def test_another_file_that_begins_alike_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(bytes(128) + b"DICM" + b"\x07" * 500)
    with pytest.raises(ImageError, match=r"other: the DICOM file (is damaged|holds no picture)"):
        open_picture(path)
