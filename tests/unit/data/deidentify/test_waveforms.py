"""Waveforms keep the samples that their items describe, and no other bytes."""

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options

OPTIONS = Options(read_pixels=False)
NAME = b"ZHANG WEIMING   "


def cleaned(tmp_path, source):
    source.save_as(tmp_path / "source.dcm")
    actions = deidentify_dicom(tmp_path / "source.dcm", tmp_path / "clean.dcm", Key(b"k" * 32), OPTIONS)
    return pydicom.dcmread(tmp_path / "clean.dcm"), actions


def described(channels=2, samples=4, bits=16):
    item = Dataset()
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples, item.WaveformBitsAllocated = channels, samples, bits
    item.add_new("WaveformData", "OW", NAME)
    return item


def test_an_electrocardiogram_keeps_its_samples(tmp_path):
    source = pydicom.dcmread(get_testdata_file("waveform_ecg.dcm"))
    kept, _ = cleaned(tmp_path, source)
    assert [item.WaveformData for item in kept.WaveformSequence] == [
        item.WaveformData for item in source.WaveformSequence
    ]


@pytest.mark.parametrize("missing", ["NumberOfWaveformChannels", "NumberOfWaveformSamples", "WaveformBitsAllocated"])
def test_bytes_that_nothing_describes_go(missing, tmp_path):
    source, item = pydicom.dcmread(get_testdata_file("CT_small.dcm")), described()
    delattr(item, missing)
    source.WaveformSequence = [item]
    new, actions = cleaned(tmp_path, source)
    assert "WaveformData" not in new.WaveformSequence[0]
    assert NAME.strip() not in (tmp_path / "clean.dcm").read_bytes()
    assert any("WaveformData" in action.where and action.what == "removed" for action in actions)


@pytest.mark.parametrize(("channels", "stays"), [(1, False), (2, True), (3, False), (0, False)])
def test_samples_are_as_long_as_their_counts(channels, stays, tmp_path):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    source.WaveformSequence = [described(channels)]
    new, _ = cleaned(tmp_path, source)
    assert ("WaveformData" in new.WaveformSequence[0]) is stays


def test_an_odd_number_of_bytes_is_filled_up_to_an_even_one(tmp_path):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    source.WaveformSequence = [described(channels=1, samples=15, bits=8)]
    assert cleaned(tmp_path, source)[0].WaveformSequence[0].WaveformData == NAME


def test_a_padding_value_is_one_sample(tmp_path):
    source, long = pydicom.dcmread(get_testdata_file("CT_small.dcm")), described()
    short = described()
    short.add_new("WaveformPaddingValue", "OW", b"\0\x80")
    long.add_new("WaveformPaddingValue", "OW", NAME)
    source.WaveformSequence = [short, long]
    new, _ = cleaned(tmp_path, source)
    assert ["WaveformPaddingValue" in item for item in new.WaveformSequence] == [True, False]
