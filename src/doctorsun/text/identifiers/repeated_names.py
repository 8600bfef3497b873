"""Names that were found once, wherever they stand again without a label."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from doctorsun.text.identifiers.chinese_words import COMPOUND_SURNAMES, SURNAMES, words_like_names
from doctorsun.text.identifiers.english_words import (
    EPONYM_NOUNS,
    GIVEN_NAMES,
    NO_NAMES,
    ORDINARY_SURNAMES,
    PINYIN_SURNAMES,
)
from doctorsun.text.identifiers.span import Identifier

_HAN_NAME = re.compile(rf"(?:{COMPOUND_SURNAMES}|[{''.join(sorted(SURNAMES))}])[\u3400-\u9fff]{{1,2}}")
_DOTTED_NAME = re.compile(r"[\u3400-\u9fff]+(?:\u00b7[\u3400-\u9fff]+)+")
_LATIN_NAME = re.compile(r"[A-Za-z\u00c0-\u00ff'. -]+(?:,\s?[A-Za-z\u00c0-\u00ff'. -]+)?")
_SURNAME = re.compile(r"[A-Z\u00c0-\u00de][A-Za-z\u00c0-\u00ff'-]{2,}")
_OF_DISEASE = re.compile(rf"(?:'s)?\s+(?i:{EPONYM_NOUNS})\b")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[A-Za-z\u00c0-\u00ff-]")


def names_to_repeat(text: str, found: Iterable[Identifier]) -> frozenset[str]:
    """Return what the names that were found in a text look like where they stand again.

    Chinese names are whole, with their surname; Western ones whole, and their surname alone where it is no ordinary
    word. Given names alone, surnames of one character, and words that only look like names are left out.
    """
    names = (text[span.start : span.end] for span in found if span.kind == "name")
    return frozenset(form for name in names for form in _forms(name))


def find_repeated_names(text: str, names: Iterable[str]) -> Iterator[Identifier]:
    """Yield where the names stand in a text, in one pass."""
    beginning: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        beginning[name[:2]].append(name)
    for start in range(len(text) - 1):
        for name in beginning.get(text[start : start + 2], ()):
            end = start + len(name)
            if text.startswith(name, start) and (_HAN.match(name) or _stands_alone(text, start, end)):
                yield Identifier("name", start, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Say whether Latin words are no part of longer ones, nor of the name of a disease."""
    around = text[start - 1 : start] + text[end : end + 1]
    return not (_LETTER.search(around) or _OF_DISEASE.match(text, end))


def _forms(name: str) -> Iterator[str]:
    if _DOTTED_NAME.fullmatch(name) or (_HAN_NAME.fullmatch(name) and name[:2] not in words_like_names()):
        yield name
    elif _LATIN_NAME.fullmatch(name):
        yield from _latin_forms(name)


def _latin_forms(name: str) -> Iterator[str]:
    words = re.findall(r"[A-Za-z\u00c0-\u00ff'-]{2,}", name)
    if len(words) > 1:
        yield name.strip(" .,")
    if not words or (len(words) == 1 and words[0] in GIVEN_NAMES):
        return
    surname = words[0] if "," in name or re.fullmatch(PINYIN_SURNAMES, words[0]) else words[-1]
    capitalised = surname.title() if surname.isupper() else surname
    if _SURNAME.fullmatch(surname) and capitalised not in ORDINARY_SURNAMES | NO_NAMES:
        yield from {surname, capitalised}
