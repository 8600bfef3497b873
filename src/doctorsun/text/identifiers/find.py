"""All identifiers of a text, each with its kind and place."""

import re
from collections.abc import Iterable

from doctorsun.text.identifiers.addresses import find_chinese_addresses, find_english_addresses
from doctorsun.text.identifiers.chinese_doings import find_doing_names
from doctorsun.text.identifiers.chinese_names import find_chinese_names
from doctorsun.text.identifiers.dates import find_dates
from doctorsun.text.identifiers.english_names import find_english_names
from doctorsun.text.identifiers.folding import has_invisible, in_place, visible
from doctorsun.text.identifiers.mixed_names import find_mixed_names
from doctorsun.text.identifiers.numbers import find_accounts, find_numbers
from doctorsun.text.identifiers.online import find_online
from doctorsun.text.identifiers.repeated_names import find_repeated_names, names_to_repeat
from doctorsun.text.identifiers.span import Identifier, merged
from doctorsun.text.language import has_han

_KEPT = re.compile(r"<box>.*?</box>|</?[A-Za-z_|]+>", re.DOTALL)
_DIGIT = re.compile(r"\d|[一二三四五六七八九十〇零]")
_LATIN = re.compile(r"[A-Za-z]{2}")
_CAPITAL = re.compile(r"[A-Z][A-Za-z'. ]|\d\s?-?(?:yo|y/o|y\.o|years?|yrs?|[FM])\b")


def find_identifiers(text: str, names: frozenset[str] = frozenset()) -> tuple[Identifier, ...]:
    """Return what may point to a person in a text, in order and without overlaps.

    Full-width characters, digits split by blanks or dashes, Chinese digits, and both languages in one text are
    understood; characters of no width hide nothing. A name that is found once is found wherever else it stands.
    Eponyms, doses, lab values, lengths, ages, durations, bare years and the marks of images and boxes stay. Names of
    hospitals stay, too.

    Args:
        text: is searched.
        names: are found as well; those of texts that belong to this one.
    """
    found = _with_repeats(text, names)
    if has_invisible(text):
        seen, places = visible(text)
        spans = _with_repeats(seen, names)
        found += [Identifier(span.kind, places[span.start], places[span.end - 1] + 1) for span in spans]
    return merged(found)


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """Return the names of texts that belong together, as they look where they stand again."""
    seen = [visible(text)[0] if has_invisible(text) else text for text in texts]
    return frozenset().union(*(names_to_repeat(in_place(text), find_identifiers(text)) for text in seen))


def _with_repeats(text: str, names: frozenset[str]) -> list[Identifier]:
    found = _found(text)
    folded = in_place(text)
    names |= names_to_repeat(folded, found)
    return [*found, *_outside_marks(text, find_repeated_names(folded, sorted(names)))] if names else found


def _found(text: str) -> list[Identifier]:
    folded = in_place(text)
    found = [*find_online(folded), *find_accounts(folded)]
    if _DIGIT.search(folded):
        found += [*find_numbers(folded), *find_dates(folded)]
    if has_han(folded):
        found += [*find_chinese_names(folded), *find_doing_names(folded), *find_chinese_addresses(folded)]
        if _LATIN.search(folded):
            found += find_mixed_names(folded)
    if _CAPITAL.search(folded):
        found += [*find_english_names(folded), *find_english_addresses(folded)]
    return _outside_marks(text, found)


def _outside_marks(text: str, found: Iterable[Identifier]) -> list[Identifier]:
    kept = [match.span() for match in _KEPT.finditer(text)] if "<" in text else []
    return [span for span in found if not any(span.start < end and start < span.end for start, end in kept)]
