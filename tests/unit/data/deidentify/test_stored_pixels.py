"""Pixels are cut to the picture: no padding that holds text, no overlay in unused bits."""

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian

from doctorsun.data.deidentify.refusal import Refusal
from doctorsun.data.deidentify.stored_pixels import pixels_alone


def small():
    return pydicom.dcmread(get_testdata_file("CT_small.dcm"))


def test_bytes_behind_the_picture_go():
    source = small()
    before = source.PixelData
    source.PixelData = before + b"JANE DOE"
    actions = pixels_alone(source, source, ExplicitVRLittleEndian)
    assert source.PixelData == before
    assert [(action.where, action.what) for action in actions] == [("pixels", "cleaned")]


def test_an_untouched_picture_is_told_as_such():
    source = small()
    assert pixels_alone(source, source, ExplicitVRLittleEndian) == []


@pytest.mark.parametrize(("signed", "expected"), [(0, [5, 0x0FFF]), (1, [5, 0xFFFF])])
def test_an_overlay_in_unused_bits_goes(signed, expected):
    source = small()
    source.BitsStored, source.HighBit, source.PixelRepresentation = 12, 11, signed
    values = np.full((128, 128), 0x8005, "<u2")
    values[0, 0] = 0x8FFF
    source.PixelData = values.tobytes()
    source.add_new((0x6000, 0x0102), "US", 15)
    pixels_alone(source, source, ExplicitVRLittleEndian)
    kept = np.frombuffer(source.PixelData, "<u2")
    assert [kept[1], kept[0]] == expected


def test_missing_pixels_are_found():
    source = small()
    source.PixelData = source.PixelData[:-2]
    with pytest.raises(Refusal, match="fewer pixels than the header tells"):
        pixels_alone(source, source, ExplicitVRLittleEndian)


def test_a_header_alone_has_nothing_to_cut():
    source = small()
    del source.PixelData
    assert pixels_alone(source, source, ExplicitVRLittleEndian) == []
