"""Text whose bytes do not fit the character set that the header tells gives no name, in whichever set it is read."""

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from doctorsun.data.deidentify.dicom import deidentify_dicom
from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.vocabulary import is_code_string, known_words

OPTIONS = Options(keep=frozenset({"descriptors"}), read_pixels=False)
CHARSETS = ["", "ISO_IR 6", "ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 58", "\\ISO 2022 IR 87", "ISO_IR 13"]
NAMES = ["高飞", "白云", "张伟明", "赵喆"]
READ_AS = ["gb18030", "latin-1", "utf-8", "shift_jis"]
PLACES = [
    ("PatientName", "PN", "{}"),
    ("StudyDescription", "LO", "胸部 {}"),
    ("SeriesDescription", "LO", "CT {} chest"),
    ("BodyPartExamined", "CS", "{}"),
    ("CodeMeaning", "LO", "{}"),
]


def raw(keyword, representation, content):
    tag = Tag(keyword)
    content += b" " * (len(content) % 2)
    return RawDataElement(tag, representation, len(content), content, 0, is_implicit_VR=False, is_little_endian=True)


def exported(path, charset, encoding, name, named):
    """Write a file as a system does that tells a character set and writes another."""
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    del source.PatientName
    source.SpecificCharacterSet = charset.split("\\")
    for keyword, representation, text in PLACES:
        if named or keyword != "PatientName":
            source[Tag(keyword)] = raw(keyword, representation, text.format(name).encode(encoding))
    source.save_as(path)


def parts_in(content, name):
    """Return the characters of a name that are read in bytes, which may have been written in another set's letters."""
    ways = {content.decode("gb18030", "ignore"), content.decode("utf-8", "ignore")}
    for read_as in READ_AS:
        ways |= {text.encode(read_as, "ignore").decode("gb18030", "ignore") for text in list(ways)}
    return {character for character in name for text in ways if character in text}


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("encoding", ["gb18030", "gb2312", "utf-8"])
@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.filterwarnings("ignore")
def test_no_part_of_a_name_survives(charset, encoding, named, tmp_path):
    for name in NAMES[:3] if encoding == "gb2312" else NAMES:
        exported(tmp_path / "source.dcm", charset, encoding, name, named)
        deidentify_dicom(tmp_path / "source.dcm", tmp_path / "clean.dcm", Key(b"k" * 32), OPTIONS)
        clean = pydicom.dcmread(tmp_path / "clean.dcm")
        for keyword, *_ in PLACES[1:]:
            assert parts_in(str(clean.get(keyword, "")).encode(), name) == set(), (keyword, name)


@pytest.mark.filterwarnings("ignore")
def test_text_with_escapes_that_its_character_set_does_not_know_goes_whole(tmp_path):
    source = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    source.SpecificCharacterSet = "ISO_IR 192"
    source[Tag("StudyDescription")] = raw("StudyDescription", "LO", b"CHEST \x1b$A8_ 7I")
    source.save_as(tmp_path / "source.dcm")
    deidentify_dicom(tmp_path / "source.dcm", tmp_path / "clean.dcm", Key(b"k" * 32), OPTIONS)
    assert pydicom.dcmread(tmp_path / "clean.dcm").StudyDescription == "removed"


def test_the_known_words_of_a_misread_text_stay_where_its_bytes_fit():
    assert known_words("CT chest ¸ß·É") == "CT chest"
    assert known_words("°×ÔÆ") == ""


@pytest.mark.parametrize("text", ["¸ß·É", "°×", "ß", "홍", "É", "CHEST °×", "１２"])
def test_code_strings_beyond_ascii_are_no_words(text):
    assert not is_code_string(text)


def test_quantities_keep_their_signs_and_chinese_its_marks():
    assert known_words("5 µm 5×5 mm，胸部（平扫）") == "5 µm 5×5 mm，胸部（平扫）"
