"""Text in pixels: which pictures may hold some, where it is found, and what is left of them."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from doctorsun.data.deidentify.burned_in import Box, blanked, may_hold_text, text_boxes
from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.read_pixels import needs_reading
from doctorsun.data.deidentify.refusal import Refusal

KEY = Key(b"k" * 32)
COLOUR = Path(get_testdata_file("examples_rgb_color.dcm"))


def header(**fields):
    dataset = Dataset()
    for keyword, value in ({"PhotometricInterpretation": "MONOCHROME2", "PixelData": b"\0\0"} | fields).items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Modality": "US"}, True),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, True),
        ({"Modality": "XA"}, True),
        ({"Modality": "ES"}, True),
        ({"Modality": "OT", "ConversionType": "WSD"}, True),
        ({"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2"}, True),
        ({"Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, True),
        ({"Modality": "CT", "BurnedInAnnotation": "YES"}, True),
        ({"Modality": "MR", "PhotometricInterpretation": "RGB"}, True),
        ({"Modality": "CT"}, False),
        ({"Modality": "MR", "ImageType": ["DERIVED", "SECONDARY", "MPR"]}, False),
        ({"Modality": "CR"}, True),
        ({"Modality": "SM", "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "NONE"]}, False),
        ({"Modality": "SM", "ImageType": ["DERIVED", "PRIMARY"]}, True),
        ({"Modality": "DX", "BurnedInAnnotation": "NO"}, False),
        ({}, True),
    ],
)
def test_pictures_that_may_hold_text(fields, expected):
    assert may_hold_text(header(**fields)) is expected


def test_without_the_extra_such_a_picture_is_refused_unless_it_is_asked_for():
    options = Options()
    with pytest.raises(Refusal, match=r"pip install 'doctorsun\[ocr\]', or leave them by --without-ocr"):
        needs_reading(header(Modality="US"), options, installed=False)
    assert needs_reading(header(Modality="US"), options, installed=True)
    assert not needs_reading(header(Modality="US"), Options(read_pixels=False), installed=False)
    assert not needs_reading(header(Modality="CT"), options, installed=False)


def written(text, *, size=(200, 320), at=(20, 40)):
    picture = Image.new("L", size[::-1], 20)
    ImageDraw.Draw(picture).text(at, text, fill=250, font_size=22)
    return np.asarray(picture)


def test_what_stands_in_one_frame_is_blanked_in_all():
    pytest.importorskip("rapidocr")
    plain = np.full((200, 320), 20, np.uint8)
    frames = np.stack([plain, plain, written("WANG XIAOMING"), written("2023-05-06", at=(150, 150))])
    boxes = text_boxes(frames)
    clean = blanked(frames, boxes, value=0)
    assert not (clean == 250).any()
    inside = np.zeros((200, 320), bool)
    for box in boxes:
        inside[box.top : box.bottom, box.left : box.right] = True
    assert (clean[:, inside] == 0).all()
    assert np.array_equal(clean[:, ~inside], frames[:, ~inside])
    assert inside.mean() < 0.3


def test_deep_pixels_are_read_too():
    pytest.importorskip("rapidocr")
    assert text_boxes((written("JANE DOE 4471182").astype(np.uint16) * 16)[None])


def test_a_picture_without_text_has_no_boxes():
    pytest.importorskip("rapidocr")
    assert text_boxes(pydicom.dcmread(get_testdata_file("CT_small.dcm")).pixel_array[None]) == ()


def test_blanks_leave_all_else():
    frames = np.arange(2 * 5 * 7).reshape(2, 5, 7)
    clean = blanked(frames, (Box(1, 2, 4, 5),), value=-1)
    assert (clean[:, 2:5, 1:4] == -1).all()
    assert (clean != -1).sum() == 2 * (35 - 9)
    assert frames.min() == 0


def test_the_text_of_a_real_file_goes(tmp_path):
    """It shows a hospital's name, a file number and a time; all else must stay as it was."""
    pytest.importorskip("rapidocr")
    actions = deidentify_dicom(COLOUR, tmp_path / "clean.dcm", KEY, Options())
    new, old = pydicom.dcmread(tmp_path / "clean.dcm"), pydicom.dcmread(COLOUR).pixel_array
    changed = (new.pixel_array != old).any(axis=-1)
    assert sum(action.what == "blanked" for action in actions) >= 15
    assert text_boxes(old[None])
    assert len(text_boxes(new.pixel_array[None])) <= 2
    assert 0.01 < changed.mean() < 0.25
    assert (new.pixel_array[changed] == 0).all()
    assert new.BurnedInAnnotation == "NO"
    assert "113101" in {item.CodeValue for item in new.DeidentificationMethodCodeSequence}


def test_compressed_pixels_are_written_plain_only_where_there_was_text(tmp_path):
    pytest.importorskip("rapidocr")
    for name, text, syntax in (("told", "JANE DOE", ExplicitVRLittleEndian), ("plain", "", JPEGBaseline8Bit)):
        source = pydicom.dcmread(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm"))
        picture = Image.fromarray(np.stack([written(text)] * 3, axis=-1))
        picture.save(buffer := io.BytesIO(), "JPEG", quality=95, subsampling=0)
        source.Rows, source.Columns, source.PhotometricInterpretation = 200, 320, "YBR_FULL"
        source.PixelData = encapsulate([buffer.getvalue()])
        source.save_as(tmp_path / f"{name}.dcm")
        deidentify_dicom(tmp_path / f"{name}.dcm", tmp_path / "clean.dcm", KEY, Options())
        new, old = pydicom.dcmread(tmp_path / "clean.dcm"), source.pixel_array
        assert new.file_meta.TransferSyntaxUID == syntax
        changed = (new.pixel_array != old).any(axis=-1)
        assert changed.any() == bool(text)
        assert (new.pixel_array[changed] == 0).all()
