"""RLE frames end where their pixels are decoded."""

import struct

import pytest
from pydicom.uid import RLELossless

from doctorsun.data.deidentify.code_streams import picture_alone
from doctorsun.data.deidentify.refusal import Refusal

FIRST, SECOND = b"\x01ab\xff\x07", b"\xfd\x05"  # two plain bytes and two sevens; four fives
CLEAN = struct.pack("<16L", 2, 64, 70, *[0] * 13) + FIRST + b"\0" + SECOND


def frame(first, second, between=b""):
    starts = (64 + len(between), 64 + len(between) + len(first))
    return struct.pack("<16L", 2, *starts, *[0x4A414E45] * 13) + between + first + second


@pytest.mark.parametrize(
    "planted",
    [
        frame(FIRST + b"\0", SECOND + b"\x03JANE"),
        frame(FIRST + b"\x03JANE", SECOND),
        frame(FIRST + b"\0", SECOND, between=b"JANE DOE"),
        frame(b"\x80" + FIRST, SECOND),
    ],
    ids=["behind the frame", "behind a segment", "before the segments", "runs of nothing"],
)
def test_bytes_beside_the_pixels_go(planted):
    assert picture_alone(planted, RLELossless, 4) == CLEAN


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (frame(b"\x01ab", SECOND), "ends too early"),
        (frame(b"\x09abcdefghij", SECOND), "more pixels than the header tells"),
        (b"\x63" + bytes(80), "no sound header"),
        (b"\x01", "ends too early"),
    ],
)
def test_damaged_frames_are_refused(stream, told):
    with pytest.raises(Refusal, match=told):
        picture_alone(stream, RLELossless, 4)
