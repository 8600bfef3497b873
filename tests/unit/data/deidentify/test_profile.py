"""The table of PS3.15 as data, held to pydicom's dictionary; and what may stay beside it."""

import pytest
from pydicom.datadict import dictionary_VR, keyword_dict, private_dictionary_VR
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from doctorsun.data.deidentify.profile import decided, load_profile, load_safe_text
from doctorsun.data.deidentify.rules import NUMBERS

TEXTS = {"LO", "SH", "ST", "LT", "UT", "UC"}


def test_every_keyword_of_the_table_is_one_of_the_standard():
    profile, safe = load_profile(), load_safe_text()
    named = set(profile.actions) | profile.characteristics | profile.descriptors
    named |= safe.worded | safe.codes | safe.binary
    assert named <= set(keyword_dict)
    assert profile.characteristics | profile.descriptors <= set(profile.actions)
    assert len(profile.actions) == 617 + 1  # the body mass index


@pytest.mark.parametrize(
    ("keyword", "action"),
    [
        ("PatientName", "Z"),
        ("PatientID", "Z/D"),
        ("PatientBirthDate", "Z"),
        ("PatientAge", "X"),
        ("StudyDate", "Z"),
        ("SeriesDate", "X/D"),
        ("InstitutionName", "X/Z/D"),
        ("StudyInstanceUID", "U"),
        ("SOPInstanceUID", "U"),
        ("MediaStorageSOPInstanceUID", "U"),
        ("ContentSequence", "D"),
        ("IconImageSequence", "X"),
        ("ReferencedImageSequence", "X/Z/U*"),
        ("OriginalAttributesSequence", "X"),
        ("DataSetTrailingPadding", "X"),
    ],
)
def test_rows_of_the_table(keyword, action):
    assert load_profile().actions[keyword] == action


def test_every_row_of_the_table_has_an_action():
    for keyword, action in load_profile().actions.items():
        assert decided(action) in ("UDX" if dictionary_VR(keyword_dict[keyword]) == "UI" else "XZDU"), keyword


@pytest.mark.parametrize(
    ("action", "expected"),
    [("X/Z", "Z"), ("X/D", "D"), ("Z/D", "D"), ("X/Z/D", "D"), ("X/Z/U*", "U"), ("X", "X"), ("U", "U")],
)
def test_an_action_by_type_is_the_one_that_every_type_allows(action, expected):
    assert decided(action) == expected


def test_descriptors_are_texts():
    assert {dictionary_VR(keyword_dict[keyword]) for keyword in load_profile().descriptors} <= TEXTS


def test_safe_private_elements_are_known_and_most_hold_numbers():
    for creator, group, element in load_safe_text().private:
        representation = private_dictionary_VR((group, 0x1000 | element), creator)
        assert representation in NUMBERS | {"DS", "IS", "CS"}, (creator, hex(group), hex(element))


def test_codes_of_the_standard_have_the_shape_of_their_scheme():
    safe = load_safe_text()
    known = {scheme: {code for ways in codes.values() for code in ways} for scheme, codes in concepts.items()}
    known["SRT"] = known["SNM3"] = set(mapping["SRT"])
    assert set(safe.code_shapes) <= safe.schemes & set(known)
    for scheme, shape in safe.code_shapes.items():
        assert [code for code in known[scheme] if code and not shape.fullmatch(code)] == [], scheme
