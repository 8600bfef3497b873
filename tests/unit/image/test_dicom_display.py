"""What is shown of DICOM values, against formulas written out here, highdicom, and conversions by hand."""

import math
from collections.abc import Callable
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from doctorsun.errors import ImageError
from doctorsun.image.dicom import open_dicom
from doctorsun.image.dicom_display import display_frame, look_up, modality_values, own_windows
from doctorsun.image.intensity import Window, ct_window
from doctorsun.image.picture import open_picture

RAMP = np.arange(0, 4096, 16, dtype=np.uint16).reshape(16, 16)
Header = Callable[..., Dataset]


def table_item(values: list[int], first: int, bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item["LUTDescriptor"].VR = "US" if first >= 0 else "SS"
    item.add_new("LUTData", "US", values)
    return item


def linear(x: float, center: float, width: float) -> float:
    """DICOM PS3.3 C.11.2.1.2.1, word for word, with y from 0 to 255."""
    if x <= center - 0.5 - (width - 1) / 2:
        return 0.0
    if x > center - 0.5 + (width - 1) / 2:
        return 255.0
    return ((x - (center - 0.5)) / (width - 1) + 0.5) * 255


def test_a_window_of_the_file_over_rescaled_values(shipped: Path) -> None:
    path = shipped / "J2K_pixelrep_mismatch.dcm"
    dataset = pydicom.dcmread(path)
    hounsfield = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    for number, (center, width) in enumerate(((40, 100), (40, 100), (40, 200))):
        opened = open_picture(path, window=number)
        expected = np.vectorize(linear)(hounsfield, center, width)
        assert np.abs(opened.picture - expected).max() <= 0.5
        assert opened.facts.window == (center, width)
    assert np.array_equal(open_picture(path).picture, open_picture(path, window=0).picture)
    with pytest.raises(ImageError, match=r"number of the window: got 3, expected 0 to 2"):
        open_picture(path, window=3)


@pytest.mark.parametrize(
    "name", ["693_J2KI.dcm", "MR_small.dcm", "examples_overlay.dcm", "dicomdirtests/77654033/CR1/6154"]
)
def test_pictures_are_as_highdicom_shows_them(shipped: Path, name: str) -> None:
    frame = highdicom.imread(shipped / name).get_frame(1, apply_voi_transform=True, voi_output_range=(0, 255))
    assert np.abs(open_picture(shipped / name).picture - frame).max() < 0.51


def test_without_a_window_ct_is_shown_in_the_soft_tissue_window(shipped: Path) -> None:
    opened = open_picture(shipped / "CT_small.dcm")
    values = modality_values(open_dicom(shipped / "CT_small.dcm").values(0), pydicom.dcmread(shipped / "CT_small.dcm"))
    assert np.array_equal(opened.picture, ct_window("soft_tissue").apply(values))
    assert opened.facts.window == (50, 400)
    lung = open_picture(shipped / "CT_small.dcm", window=ct_window("lung"))
    assert lung.facts.window == (-600, 1500)
    assert not np.array_equal(lung.picture, opened.picture)


def test_a_ct_window_needs_hounsfield_units(shipped: Path, header_of: Header) -> None:
    with pytest.raises(
        ImageError, match=r"window of computed tomography: got values of modality 'MR', expected Hounsf"
    ):
        open_picture(shipped / "MR_small.dcm", window=ct_window("lung"))
    perfusion = header_of(Modality="CT", RescaleSlope=1, RescaleIntercept=0, RescaleType="US")
    for header in (perfusion, header_of(Modality="CT")):
        with pytest.raises(ImageError, match="Hounsfield units"):
            display_frame(RAMP, header, ct_window("brain"))
        assert display_frame(RAMP, header)[1] != ct_window("soft_tissue")


def test_others_without_a_window_are_stretched_between_percentiles_without_padding(header_of: Header) -> None:
    values = RAMP.copy()
    values[0, 0] = 60000
    low, high = np.percentile(RAMP.ravel()[1:], (0.5, 99.5))
    pixels, used = display_frame(values, header_of(PixelPaddingValue=59000, PixelPaddingRangeLimit=61000))
    assert used is not None
    assert used.center - used.width / 2 == pytest.approx(low, rel=1e-4)
    assert used.center + used.width / 2 == pytest.approx(high, rel=1e-4)
    assert pixels[8, 8] == round((float(RAMP[8, 8]) - low) / (high - low) * 255)


def test_a_picture_of_padding_alone_is_shown_grey(header_of: Header) -> None:
    pixels, _ = display_frame(np.full((3, 3), 7, np.uint16), header_of(PixelPaddingValue=7))
    assert np.unique(pixels).tolist() == [128]


def test_eight_bits_without_a_window_are_shown_as_they_are(header_of: Header) -> None:
    values = np.arange(30, 90, dtype=np.uint8).reshape(6, 10)
    pixels, used = display_frame(values, header_of(BitsStored=8))
    assert np.array_equal(pixels, values)
    assert used is None


@pytest.mark.parametrize(("function", "width"), [("LINEAR_EXACT", 0.5), ("SIGMOID", 600)])
def test_functions_of_windows(header_of: Header, function: str, width: float) -> None:
    pixels, used = display_frame(RAMP, header_of(WindowCenter=2000, WindowWidth=width, VOILUTFunction=function))
    x = float(RAMP[7, 9])
    expected = (x > 2000) * 255 if function == "LINEAR_EXACT" else 255 / (1 + math.exp(-4 * (x - 2000) / width))
    assert abs(pixels[7, 9] - expected) <= 0.5
    assert used == Window(2000, width, function)  # type: ignore[arg-type]


def test_an_unknown_function_is_refused(header_of: Header) -> None:
    with pytest.raises(
        ImageError, match=r"VOI LUT function \(0028,1056\): got 'CUBIC', expected one of LINEAR, LINEAR_"
    ):
        display_frame(RAMP, header_of(WindowCenter=1, WindowWidth=2, VOILUTFunction="CUBIC"))


def test_impossible_windows_of_a_file_do_not_count(header_of: Header) -> None:
    assert own_windows(header_of(WindowCenter=[40, 50], WindowWidth=[0, 300])) == [Window(50, 300)]
    with pytest.raises(ImageError, match="number of the window: got 0, expected none, for the image has no window"):
        display_frame(RAMP, header_of(WindowCenter=40, WindowWidth=0), 0)


def test_monochrome1_is_turned_around_after_the_window(header_of: Header) -> None:
    plain, _ = display_frame(RAMP, header_of(WindowCenter=2000, WindowWidth=900))
    turned, _ = display_frame(
        RAMP, header_of(WindowCenter=2000, WindowWidth=900, PhotometricInterpretation="MONOCHROME1")
    )
    assert np.array_equal(turned, 255 - plain)
    assert plain[0, 0] == 0


def test_a_table_of_the_file_goes_before_its_windows(header_of: Header) -> None:
    item = table_item([0, 100, 400, 1023], 10, 10)
    header = header_of(VOILUTSequence=[item], WindowCenter=2000, WindowWidth=900)
    pixels, used = display_frame(np.array([[0, 10, 11], [12, 13, 4000]], np.uint16), header)
    assert pixels.tolist() == [[0, 0, 25], [100, 255, 255]]
    assert used is None
    assert display_frame(RAMP, header, 0)[1] == Window(2000, 900)


def test_a_modality_table_goes_before_the_window(header_of: Header) -> None:
    item = table_item(list(range(1000, 2000)), -5, 16)
    values = np.array([[-9, -5, 0], [5, 994, 3000]], np.int16)
    assert modality_values(values, header_of(ModalityLUTSequence=[item])).tolist() == [
        [1000, 1000, 1005],
        [1010, 1999, 1999],
    ]


def test_tables_of_bytes_have_more_than_256_entries() -> None:
    table = np.arange(1000) // 4
    assert look_up(np.array([0, 300, 999, 5000]), (1000, 0, 8), table).tolist() == [0, 75, 249, 249]


def test_a_table_of_0_entries_has_65536(header_of: Header) -> None:
    item = table_item([], 0, 16)
    item.LUTData = list(range(2**16))
    pixels, _ = display_frame(np.array([[0, 32896, 65535]], np.uint16), header_of(VOILUTSequence=[item]))
    assert pixels.tolist() == [[0, 128, 255]]


def test_a_table_that_is_too_short_is_refused(header_of: Header) -> None:
    item = table_item([0, 100, 400], 0, 16)
    item.LUTDescriptor = [4, 0, 16]
    with pytest.raises(ImageError, match=r"lookup table: got 3 entries, expected 4; leave the file out"):
        display_frame(RAMP, header_of(VOILUTSequence=[item]))


def palette(header: Dataset, first: int, bits: int, entries: list[list[int]], word: str) -> Dataset:
    for colour, values in zip(("Red", "Green", "Blue"), entries, strict=True):
        header.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [len(values), first, bits])
        header.add_new(f"{colour}PaletteColorLookupTableData", "OW", np.array(values, word).tobytes())
    return header


@pytest.mark.parametrize(
    ("bits", "word", "factor"), [(8, "u1", 1), (16, "<u2", 257), (16, "<u2", 1)], ids=["bytes", "words", "half words"]
)
def test_palettes_of_bytes_and_words(header_of: Header, bits: int, word: str, factor: int) -> None:
    entries = [
        [0, 10 * factor, 200 * factor, 255 * factor],
        [factor * value for value in (9, 8, 7, 6)],
        [0, 0, 0, 90 * factor],
    ]
    header = palette(header_of(PhotometricInterpretation="PALETTE COLOR"), 100, bits, entries, word)
    pixels, used = display_frame(np.array([[0, 100, 101], [102, 103, 9999]], np.uint16), header)
    assert pixels.tolist() == [
        [[0, 9, 0], [0, 9, 0], [10, 8, 0]],
        [[200, 7, 0], [255, 6, 90], [255, 6, 90]],
    ]
    assert used is None


def test_palettes_of_big_endian_files(header_of: Header) -> None:
    header = header_of(PhotometricInterpretation="PALETTE COLOR")
    header.set_original_encoding(is_implicit_vr=False, is_little_endian=False)
    pixels, _ = display_frame(np.array([[1]], np.uint16), palette(header, 0, 16, [[0, 0x1234]] * 3, ">u2"))
    assert pixels.tolist() == [[[0x12] * 3]]


def test_segmented_palettes(header_of: Header) -> None:
    header = header_of(PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        header.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [5, 0, 8])
        segments = bytes([0, 1, 0, 1, 4, 200])  # one entry of 0, then four in a line to 200 (PS3.3 C.7.9.2)
        header.add_new(f"Segmented{colour}PaletteColorLookupTableData", "OW", segments)
    pixels, _ = display_frame(np.array([[0, 1, 2, 3, 4]], np.uint16), header)
    assert pixels[0, :, 0].tolist() == [0, 50, 100, 150, 200]


def test_supplemental_colours_begin_at_the_first_value_of_the_palette(header_of: Header) -> None:
    header = header_of(PixelPresentation="MIXED", WindowCenter=50, WindowWidth=100, VOILUTFunction="LINEAR_EXACT")
    palette(header, 100, 8, [[255, 0], [0, 255], [0, 0]], "u1")
    pixels, used = display_frame(np.array([[0, 80, 100, 101]], np.uint16), header)
    assert pixels.tolist() == [[[0] * 3, [204] * 3, [255, 0, 0], [0, 255, 0]]]
    assert used is not None


def test_colours_of_more_than_eight_bits_are_scaled(shipped: Path) -> None:
    eight = open_picture(shipped / "SC_rgb_rle.dcm").picture
    for name in ("SC_rgb_rle_16bit.dcm", "SC_rgb_rle_32bit.dcm"):
        assert np.array_equal(open_picture(shipped / name).picture, eight)


@pytest.mark.parametrize(
    "name", ["SC_ybr_full_422_uncompressed.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_jpeg_dcmtk.dcm"]
)
def test_luminance_and_chrominance_become_red_green_and_blue(shipped: Path, name: str) -> None:
    """Rows of the test card: red, light red, green, light green, blue, light blue, black to white."""
    pixels = np.asarray(open_picture(shipped / name).picture, dtype=int)
    expected = np.asarray(open_picture(shipped / "SC_rgb_rle.dcm").picture, dtype=int)
    assert np.abs(pixels[5::10] - expected[5::10]).max() <= 5
    assert expected[5, 5].tolist() == [255, 0, 0]


def test_a_colour_picture_has_no_window(shipped: Path) -> None:
    with pytest.raises(ImageError, match="window: got a colour picture, expected grey values; leave the window out"):
        open_picture(shipped / "SC_rgb_rle.dcm", window=0)


def test_a_linear_window_over_fractions_has_no_half_units(header_of: Header) -> None:
    values = np.array([[0.0, 0.25, 0.5, 1.0]], np.float32)
    pixels, _ = display_frame(values, header_of(WindowCenter=0.5, WindowWidth=1.0, VOILUTFunction="LINEAR"))
    assert pixels.tolist() == [[0, 64, 128, 255]]


def test_functional_groups_tell_frames_apart(dicom_file: Callable[..., Path]) -> None:
    def group(**macros: dict[str, object]) -> Dataset:
        found = Dataset()
        for keyword, elements in macros.items():
            item = Dataset()
            for name, value in elements.items():
                setattr(item, name, value)
            setattr(found, keyword, [item])
        return found

    axial, sagittal = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]
    path = dicom_file(
        np.stack([RAMP, RAMP]),
        SharedFunctionalGroupsSequence=[
            group(
                PixelMeasuresSequence={"PixelSpacing": [0.5, 0.75]},
                PixelValueTransformationSequence={"RescaleSlope": 2, "RescaleIntercept": -1000, "RescaleType": "HU"},
            )
        ],
        PerFrameFunctionalGroupsSequence=[
            group(
                FrameVOILUTSequence={"WindowCenter": center, "WindowWidth": 500},
                PlaneOrientationSequence={"ImageOrientationPatient": axes},
            )
            for center, axes in ((0, axial), (3000, sagittal))
        ],
    )
    for frame, center, plane, orientation in ((0, 0, "axial", "L\\P"), (1, 3000, "sagittal", "P\\F")):
        opened = open_picture(path, frame=frame)
        expected = np.vectorize(linear)(RAMP * 2.0 - 1000, center, 500)
        assert np.abs(opened.picture - expected).max() <= 0.5
        assert opened.facts.window == (center, 500)
        assert opened.facts.spacing_mm == (0.5, 0.75)
        assert opened.facts.slice == frame
        assert opened.facts.orientation == orientation
        assert opened.header["plane"] == plane


def test_real_files_are_shown_as_highdicom_shows_them(test_data: Path) -> None:
    folder = test_data / "dicom_pydicom_data" / "data_store" / "data"
    for name in ("693_J2KR.dcm", "bad_sequence.dcm", "JPGLosslessP14SV1_1s_1f_8b.dcm"):
        frame = highdicom.imread(folder / name).get_frame(1, apply_voi_transform=True, voi_output_range=(0, 255))
        assert np.abs(open_picture(folder / name).picture - frame).max() < 0.51, name


def test_real_tables(test_data: Path) -> None:
    """The wedges of these test cards are even steps of grey once their tables are applied."""
    folder = test_data / "dicom_pydicom_data" / "data_store" / "data"
    dataset = pydicom.dcmread(folder / "vlut_04.dcm")
    table = np.array(dataset.VOILUTSequence[0].LUTData)
    expected = table[dataset.pixel_array] / 65535 * 255
    assert np.abs(open_picture(folder / "vlut_04.dcm").picture - expected).max() <= 0.5
    dataset = pydicom.dcmread(folder / "mlut_18.dcm")
    item = dataset.ModalityLUTSequence[0]
    expected = np.array(item.LUTData)[dataset.pixel_array.astype(int) + 2048]
    assert np.array_equal(modality_values(dataset.pixel_array, dataset), expected)


def test_a_real_perfusion_map_is_coloured_and_mirrored(test_data: Path) -> None:
    path = test_data / "dicom_pydicom_data" / "data_store" / "data" / "eCT_Supplemental.dcm"
    opened = open_picture(path, frame=0)
    pixels = np.asarray(opened.picture)
    assert pixels.shape == (512, 512, 3)
    assert (pixels[..., 2] > pixels[..., 0]).mean() > 0.1
    assert opened.facts.orientation == "R\\P"
    assert opened.facts.spacing_mm == (0.388672, 0.388672)
