"""Streams of compressed pixels lose their comments and keep their pictures."""

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.uid import JPEG2000, MPEG2MPML, JPEGBaseline8Bit, JPEGLSLossless

from doctorsun.data.deidentify.code_streams import jpeg_2000_alone, jpeg_alone, picture_alone
from doctorsun.data.deidentify.refusal import Refusal


def jpeg(**options):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_comments_and_application_data_of_jpeg_go(progressive):
    exif = Image.Exif()
    exif[0x013B] = "ARTISTNAME"
    plain = jpeg(progressive=progressive)
    told = jpeg(progressive=progressive, comment=b"COMMENTNAME", exif=exif) + b"TRAILINGNAME"
    clean = jpeg_alone(told)
    assert b"NAME" in told
    assert b"NAME" not in clean
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(clean))), np.asarray(Image.open(io.BytesIO(plain))))
    assert jpeg_alone(clean) == clean


def test_comments_of_jpeg_2000_go():
    stream = next(generate_frames(pydicom.dcmread(get_testdata_file("JPEG2000.dcm")).PixelData, number_of_frames=1))
    comment = b"COMMENTNAME"
    place = 4 + int.from_bytes(stream[4:6], "big")  # behind the sizes, which come first
    told = stream[:place] + b"\xff\x64" + (len(comment) + 4).to_bytes(2, "big") + b"\0\x01" + comment + stream[place:]
    clean = jpeg_2000_alone(told + b"TRAILINGNAME")
    assert b"NAME" not in clean
    assert clean == jpeg_2000_alone(stream)


@pytest.mark.parametrize(
    ("stream", "syntax", "message"),
    [
        (b"PNG", JPEGBaseline8Bit, "does not begin as JPEG"),
        (b"PNG", JPEGLSLossless, "does not begin as JPEG"),
        (b"\xff\xd8\xff\xda\0\x04\0\0abc", JPEGBaseline8Bit, "ends too early"),
        (b"\xff\x4f\xff\x51\0", JPEG2000, "ends too early"),
        (b"abc", JPEG2000, "does not begin as JPEG 2000"),
    ],
)
def test_a_damaged_stream_is_refused(stream, syntax, message):
    with pytest.raises(Refusal, match=message):
        picture_alone(stream, syntax, 1)


def test_other_streams_stay():
    assert picture_alone(b"anything", MPEG2MPML, 1) == b"anything"
