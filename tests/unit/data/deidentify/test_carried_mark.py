"""What was de-identified says so in the samples that are made of it later."""

import shutil

from pydicom.data import get_testdata_file

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.deidentify.folder import deidentify_folder
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.readers.item import Dropped
from doctorsun.schema import Deidentification


def samples_in(folder):
    reader = AdapterReader(load_adapter("dicom_folder"), folder)
    items = [reader.make(pending) for pending in reader.pending()]
    return [sample for item in items if not isinstance(item, Dropped) for sample in item]


def test_samples_carry_the_codes_of_profile_and_options(tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(get_testdata_file("CT_small.dcm"), tmp_path / "in" / "ct.dcm")
    deidentify_folder(tmp_path / "in", tmp_path / "out", Key(b"k" * 32), Options(keep=frozenset({"descriptors"})))
    before, after = samples_in(tmp_path / "in"), samples_in(tmp_path / "out")
    assert before
    assert len(before) == len(after)
    assert {sample.deidentification for sample in before} == {Deidentification()}
    assert {sample.deidentification for sample in after} == {
        Deidentification(profile="DICOM PS3.15 Annex E", version="113100 113105 113107")
    }
    assert {sample.modality for sample in after} == {sample.modality for sample in before} == {"ct"}
