"""Vocabulary: the words of the standard and of medicine, by which a text is known to tell of no person."""

import re
from functools import cache

from doctorsun.data.deidentify.profile import load_safe_text

SHORT_NUMBER, SHORT_ROW, ONE_CHARACTER = 3, 5, 1
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HAN = re.compile(f"[{_HAN}]+")
RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")  # letters and digits without a gap, or Chinese
TOKEN = re.compile(rf"[{_HAN}]+|[^\W\d_{_HAN}]+|\d+")
_PIECE = re.compile(rf"{RUN.pattern}|[^\x00-\x7f]")  # a run, or a mark beyond ASCII
_MARKS = frozenset("，。、；：？！（）【】《》“”")  # what bytes of another character set give is never these
_AGE = re.compile(r"\d{1,3}(?:[mf]|yo?|yrs?)", re.IGNORECASE)
_NUMBER = r"\d{1,4}(?:[.,]\d{1,3})?"
_UNIT = (
    r"(?:[muµ]m|cm|mm2|[km]?hz|[mµu]?s|sec|min|[km]v|mas?|m?t|tesla|m?gy|[mµuk]?g|ml|mbq|bpm|deg|hu|kev|%|毫米|厘米)"
)
_COUNTED = (
    r"(?:phase|echo|series|segment|lesion|nodule|grade|stage|type|class|level|zone|part|view|slice|frame|image|volume"
    r"|label|structure|region|roi|rads|tirads|birads|pirads|gleason|score)[\s#._:=-]{0,2}\d{1,3}"
    r"|(?:b|te|tr|ti|fa)[\s=]{0,2}\d{1,4}"
)
# A quantity: a number, or up to three of them, with a unit, behind what is counted, or as the sides of a grid.
_QUANTITY = re.compile(
    rf"(?<![^\W_])(?<![.,/-]){_NUMBER}(?:\s?[x×*/-]\s?{_NUMBER}){{0,2}}\s?{_UNIT}(?![^\W_{_HAN}])"
    rf"|(?<![^\W_])(?:{_COUNTED})(?!\w|[./-]\d)"
    rf"|(?<![^\W_])(?<![.,/-])\d{{2,4}}\s?[x×*]\s?\d{{2,4}}(?![\w./-])",
    re.IGNORECASE,
)
_ROW_OF_NUMBERS = re.compile(r"\d+(?:[\s./-]+\d+)+")
_INSIDE_NAMES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_code_string(text: str) -> bool:
    """Return whether a code string (CS) holds only words of the standard; a letter, or three digits, tell nothing."""
    is_worded = all(_known_part(token) == token for token in TOKEN.findall(text))
    return is_worded and TOKEN.sub("", text).isascii()


def known_words(text: str) -> str:
    """Return a text without its unknown words, and without numbers that may tell of a person.

    A number stays where it is a quantity: with its unit, behind a word that is counted, or as a side of a grid. Letters
    and digits without a gap between them stay or go together; an age with a sex goes. Of Chinese, which has no gaps,
    the known words stay and what stands between them goes. Letters and symbols beyond ASCII that are no part of a known
    word go, as bytes that are read in a wrong character set look like them.
    """
    short = _ROW_OF_NUMBERS.sub(lambda found: found[0] if _digits(found[0]) <= SHORT_ROW else " ", text)
    quantities = [found.span() for found in _QUANTITY.finditer(short)]

    def known(run: re.Match[str]) -> str:
        if any(start <= run.start() and run.end() <= end for start, end in quantities):
            return run[0]
        return _known_run(run[0]) if RUN.match(run[0]) else run[0] * (run[0] in _MARKS)

    left = " ".join(_PIECE.sub(known, short).split())
    return left if any(map(str.isalnum, left)) else ""


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _known_run(run: str) -> str:
    """Return what is known of Chinese, or letters and digits without a gap where all of them are known."""
    if HAN.match(run):
        return _known_part(run)
    return run if is_code_string(run) and not run.isdigit() and not _AGE.fullmatch(run) else ""


def _known_part(token: str) -> str:
    """Return what is known of a run of letters, of digits or of Chinese characters."""
    if HAN.match(token):
        return "".join(_han_words().findall(token))
    is_short = token.isascii() and len(token) <= (SHORT_NUMBER if token.isdigit() else ONE_CHARACTER)
    is_known = is_short or token.lower() in standard_words()
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
