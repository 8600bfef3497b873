"""Vocabulary: the words of the standard and of medicine, by which a text is known to tell of no person."""

import re
from functools import cache

from doctorsun.data.deidentify.profile import load_safe_text

SHORT, SHORT_NUMBER, SHORT_ROW, ONE_CHARACTER = 3, 4, 5, 1
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HAN = re.compile(f"[{_HAN}]+")
RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")  # letters and digits without a gap, or Chinese
TOKEN = re.compile(rf"[{_HAN}]+|[^\W\d_{_HAN}]+|\d+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROW_OF_NUMBERS = re.compile(r"\d+(?:[\s./-]+\d+)+")
_INSIDE_NAMES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_code_string(text: str) -> bool:
    """Return whether a code string (CS) holds only words of the standard.

    Up to three letters, or four digits, tell nothing and count as one.
    """
    return all(_known_part(token) == token for token in TOKEN.findall(text))


def known_words(text: str) -> str:
    """Return a text without its unknown words, and without numbers that may tell of a person.

    These are numbers of more than four digits, rows of numbers with more than five in all, and years. Letters and
    digits without a gap between them stay or go together. Of Chinese, which has no gaps, the known words stay and what
    stands between them goes.
    """
    short = _ROW_OF_NUMBERS.sub(lambda found: found[0] if _digits(found[0]) <= SHORT_ROW else " ", text)
    return " ".join(RUN.sub(lambda found: _known_run(found[0]), short).split())


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _known_run(run: str) -> str:
    """Return what is known of Chinese, or letters and digits without a gap where all of them are known."""
    if HAN.match(run):
        return _known_part(run)
    return run if is_code_string(run) and not _YEAR.fullmatch(run) else ""


def _known_part(token: str) -> str:
    """Return what is known of a run of letters, of digits or of Chinese characters."""
    if HAN.match(token):
        return "".join(_han_words().findall(token))
    is_known = len(token) <= (SHORT_NUMBER if token.isdigit() else SHORT) or token.lower() in standard_words()
    return token if is_known else ""


@cache
def standard_words() -> frozenset[str]:
    """Return the words of the data dictionary, the registered UIDs and the code tables, in small letters."""
    from pydicom._dicom_dict import DicomDictionary
    from pydicom._uid_dict import UID_dictionary
    from pydicom.sr._concepts_dict import concepts

    names = [entry[2] for entry in DicomDictionary.values()]
    names += [entry[0] for entry in UID_dictionary.values()]
    names += [meaning for codes in concepts.values() for ways in codes.values() for meaning, _ in ways.values()]
    names += [keyword for codes in concepts.values() for keyword in codes]
    found = (word.lower() for name in names for word in _INSIDE_NAMES.findall(name))
    whole = (word.lower() for name in names for word in TOKEN.findall(name))
    return frozenset(found) | frozenset(whole) | load_safe_text().words


@cache
def _han_words() -> re.Pattern[str]:
    """Return a pattern of the Chinese names in the ontology; single characters, which names hold too, are not taken."""
    from doctorsun.data.ontology.ontology import load_ontology

    ontology = load_ontology()
    tables = (ontology.modalities, ontology.planes, ontology.organs, ontology.departments, ontology.findings)
    names = [name for table in tables for term in table.values() for name in term.zh]
    words = {word for name in names for word in HAN.findall(name) if len(word) > ONE_CHARACTER}
    longest_first = sorted(words | load_safe_text().han, key=lambda word: (-len(word), word))
    return re.compile("|".join(longest_first))
