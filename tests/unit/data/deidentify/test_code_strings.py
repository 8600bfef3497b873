"""Code strings: of attributes with listed terms these alone stay, of others words that are no one's name."""

import pytest
from pydicom.datadict import dictionary_VR, keyword_dict
from pydicom.dataset import Dataset

from doctorsun.data.deidentify.code_strings import is_safe_code_string, load_code_strings
from doctorsun.data.deidentify.identifiers_of import Identifiers, persons_of
from doctorsun.data.deidentify.profile import load_profile

NOBODY = Identifiers(frozenset())


def persons(**fields: str) -> Identifiers:
    header = Dataset()
    for keyword, value in fields.items():
        setattr(header, keyword, value)
    return persons_of(header)


def test_listed_attributes_hold_code_strings_that_the_profile_keeps():
    for keyword in load_code_strings():
        assert dictionary_VR(keyword_dict[keyword]) == "CS", keyword
        assert keyword not in load_profile().actions or keyword in load_profile().characteristics, keyword


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientPosition", "HFS"),
        ("PatientOrientation", "AL"),
        ("PatientOrientation", "F"),
        ("Modality", "CT"),
        ("ScanningSequence", "GR"),
        ("LossyImageCompression", "01"),
        ("PresentationLUTShape", "LIN OD"),
        ("BurnedInAnnotation", "NO"),
        ("TemplateIdentifier", "1500"),
        ("ImageType", "LOCALIZER"),
        ("BodyPartExamined", "WHOLE BODY"),
    ],
)
def test_terms_stay_whoever_the_patient_is(keyword: str, value: str):
    assert is_safe_code_string(keyword, value, NOBODY)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientPosition", "WEI"),
        ("PatientPosition", "HFSX"),
        ("PatientPosition", "LI WU"),
        ("Laterality", "1971"),
        ("Laterality", "LONG"),
        ("DiffusionDirectionality", "WEI"),
        ("PatientOrientation", "AAL"),
        ("TemplateIdentifier", "447118"),
        ("BodyPartExamined", "WEI"),
        ("ImageType", "1971"),
    ],
)
def test_other_values_go(keyword: str, value: str):
    assert not is_safe_code_string(keyword, value, NOBODY)


def test_words_of_the_vocabulary_go_where_they_are_names_and_listed_terms_stay():
    named = persons(PatientName="LONG^MAY", OperatorsName="Ed^F", PatientID="CT", OtherPatientIDs="AXIAL")
    for value in ("LONG AXIS", "MAY", "AXIAL", "ED"):
        assert is_safe_code_string("BodyPartExamined", value, NOBODY)
        assert not is_safe_code_string("BodyPartExamined", value, named)
    assert is_safe_code_string("BodyPartExamined", "F", named)
    assert is_safe_code_string("Modality", "CT", named)
