"""Words of the standard stay; names, numbers and places do not."""

import pytest
from pydicom.dataset import Dataset

from doctorsun.data.deidentify.identifiers_of import identifiers_of
from doctorsun.data.deidentify.profile import load_safe_text
from doctorsun.data.deidentify.vocabulary import is_code_string, known_words, standard_words


@pytest.mark.parametrize(
    "text",
    [
        "MONOCHROME2",
        "YBR_FULL_422",
        "PALETTE COLOR",
        "ORIGINAL",
        "AXIAL",
        "LUMBAR SPINE",
        "ISO_10918_1",
        "TILED_FULL",
    ],
)
def test_code_strings_of_the_standard_stay(text):
    assert is_code_string(text)


@pytest.mark.parametrize(
    "text", ["SMITHSON", "WANG_XIAOMING", "MRN 4471182", "王小明", "BOSTONGENERAL", "WEI", "LI WU", "1971", "CT_1971"]
)
def test_other_code_strings_are_told_apart(text):
    assert not is_code_string(text)


def test_known_words_are_left_of_a_text():
    assert known_words("Axial T2 FLAIR of Zhangsan, 13812345678") == "Axial T2 FLAIR of ,"
    assert known_words("SIEMENS Healthineers Wuhan") == "SIEMENS"
    assert known_words("肺结节") == "肺结节"
    assert known_words("王小明胸部CT平扫+增强") == "胸部CT平扫+增强"
    assert known_words("欧阳震华，住院号00447118") == ""


@pytest.mark.parametrize(
    "text",
    [
        "QZXMARK025",
        "110101 19710203 1234",
        "15.03.20 8",
        "1971",
        "2020 03 15",
        "0447",
        "12",
        "1.25",
        "70M",
        "A4471",
        "Wei Li",
        "3/20",
    ],
)
def test_numbers_that_may_tell_of_a_person_go(text):
    assert known_words(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "T2 3D 5 mm 120kV",
        "1.25 mm",
        "5 x 5 x 3 mm",
        "512x512",
        "b 1000",
        "b1000",
        "TE 30 TR 2000",
        "Lesion 12",
        "BI-RADS 4",
        "胸部CT 5毫米",
        "*tfl2d1",
        "B30f",
    ],
)
def test_quantities_stay(text):
    assert known_words(text) == text


@pytest.mark.parametrize("text", ["bed 12", "room 0028", "series 2019", "phase 2019-03", "Wei 447"])
def test_numbers_behind_other_words_go(text):
    assert not any(character.isdigit() for character in known_words(text))


def header(**fields):
    dataset = Dataset()
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return dataset


def test_names_and_numbers_of_the_header_are_searched_for():
    known = identifiers_of(
        header(
            PatientName="Head^Li Xiaoming=王^小明", PatientID="A-4471", AccessionNumber="123", StudyDescription="Chest"
        )
    )
    assert known.removed_from("MR of HEAD for xiaoming, A-4471, 123, Chest") == "MR of for , , 123, Chest"
    assert known.removed_from("患者王小明与小明") == "患者王 与"
    assert known.removed_from("headache") == "headache"


def test_those_of_sequences_are_searched_for_too():
    inner = header(PatientName="Doe^Jane", OtherPatientIDs=["X-99812", "Y-1"])
    outer = header(RequestAttributesSequence=[inner])
    assert identifiers_of(outer).removed_from("Jane Doe X-99812") == ""


def test_a_header_without_names_changes_nothing():
    assert identifiers_of(header(Modality="CT")).removed_from("Jane  Doe") == "Jane  Doe"


def test_every_listed_name_is_a_word_that_would_stay():
    assert load_safe_text().names - standard_words() == set()
