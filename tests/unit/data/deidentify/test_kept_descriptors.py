"""Descriptors that are kept on demand tell of no day, number or name in any written form."""

import pydicom
import pytest
from pydicom.data import get_testdata_file

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options

OPTIONS = Options(keep=frozenset({"descriptors"}), read_pixels=False)


def cleaned(tmp_path, **fields):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    source.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in fields.items():
        setattr(source, keyword, value)
    source.save_as(tmp_path / "source.dcm")
    deidentify_dicom(tmp_path / "source.dcm", tmp_path / "clean.dcm", Key(b"k" * 32), OPTIONS)
    return pydicom.dcmread(tmp_path / "clean.dcm")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Follow up 2020-03-15", "Follow up"),
        ("15 Mar 2020 chest", "chest"),
        ("CT 15.03.2020 vs 03/01/2020", "CT vs"),
        ("2020-03-15 13/02/71", "removed"),
        ("2020年3月15日复查", "复查"),
        ("2020年3月15日胸部CT平扫", "胸部CT平扫"),
        ("March 15, 2020", "removed"),
        ("201-555-0123 chest 138 1234 5678", "chest"),
        ("110101 19710203 1234", "removed"),
        ("Dr. Rose; liver", "Dr. ; liver"),
        ("Chest 5 mm T2 3D", "Chest 5 mm T2 3D"),
        ("Wei Li chest bed 12", "chest"),
    ],
)
def test_dates_numbers_and_names_go(text, kept, tmp_path):
    assert cleaned(tmp_path, StudyDescription=text).StudyDescription == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CT CHEST FOR MRS WHITE", "CT CHEST FOR MRS"),
        ("CT CHEST FOR MR WHITE", "CT CHEST FOR MR"),
        ("CHEST MS ROSE", "CHEST MS"),
        ("CHEST PT ROSE HILL", "CHEST PT"),
        ("MISS WHITE HAND", "HAND"),
        ("MRS HEAD, PELVIS", "MRS , PELVIS"),
        ("Prof. Dr. May CHEST", ". . CHEST"),
        ("Prof. May CHEST", ". CHEST"),
        ("MRS J. WHITE CHEST", "MRS . CHEST"),
        ("MRS KOWALSKI WHITE CHEST", "MRS CHEST"),
        ("MS. HEAD CHEST", "MS. CHEST"),
        ("WHITE, ROSE CHEST", "CHEST"),
        ("CHEST Z.W.M.", "CHEST"),
        ("HEAD W-e-i-m-i-n-g", "HEAD"),
        ("HEAD L O N G", "HEAD"),
    ],
)
def test_names_that_are_words_of_the_standard_go_behind_titles_and_in_pairs(text, kept, tmp_path):
    assert cleaned(tmp_path, StudyDescription=text).StudyDescription == kept


@pytest.mark.parametrize(
    "text",
    [
        "MR HEAD",
        "MR BRAIN AXIAL T2",
        "DR CHEST PA",
        "PT CT FUSION",
        "LONG AXIS VIEW",
        "White matter",
        "A-P LATERAL",
        "Chest L R",
        "MS BRAIN, WHITE MATTER",
        "T2 T1 C-SPINE",
    ],
)
def test_modalities_are_no_titles(text, tmp_path):
    assert cleaned(tmp_path, StudyDescription=text).StudyDescription == text


def test_code_strings_that_are_no_terms_go_and_names_among_words_too(tmp_path):
    found = cleaned(
        tmp_path, PatientPosition="WEI", Laterality="1971", PatientName="Long^Rose", ImageType=["ORIGINAL", "LONG", "M"]
    )
    assert "PatientPosition" not in found
    assert "Laterality" not in found
    assert list(found.ImageType) == ["ORIGINAL", "", "M"]


def test_an_empty_accession_number_stays_empty(tmp_path):
    assert not cleaned(tmp_path, AccessionNumber="").AccessionNumber
    assert cleaned(tmp_path, AccessionNumber="A-4471").AccessionNumber not in ("", "A-4471", "removed")
