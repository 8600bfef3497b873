"""Vocabulary: the words of the standard, by which a text is known to tell of images and not of people."""

import re
from functools import cache

from doctorsun.data.deidentify.profile import load_safe_text

SHORT, SHORT_NUMBER = 3, 4
TOKEN = re.compile(r"[^\W\d_]+|\d+")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_INSIDE_NAMES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_known(token: str) -> bool:
    """Return whether a run of letters or of digits is a word of the standard, or too short to tell anything."""
    if HAN.search(token):
        return not _left_of_han(token)
    return len(token) <= (SHORT_NUMBER if token.isdigit() else SHORT) or token.lower() in standard_words()


def is_code_string(text: str) -> bool:
    """Return whether a code string (CS) holds only words of the standard.

    Up to three letters, or four digits, tell nothing and count as one.
    """
    return all(is_known(token) for token in TOKEN.findall(text))


def known_words(text: str) -> str:
    """Return a text without the words, and the numbers of more than four digits, that the standard does not know."""
    kept = TOKEN.sub(lambda found: found[0] if is_known(found[0]) else "", text)
    return " ".join(kept.split())


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


def _left_of_han(text: str) -> str:
    for word in load_safe_text().han:
        text = text.replace(word, "")
    return text
