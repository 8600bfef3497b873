"""One spelling of digits, letters, blanks and marks, at known places, so that spans hold in the text itself."""

import re

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_BLANKS = dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2009, 0x202F, 0x3000), " ")
_DASHES = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63), "-")
_DOTS = dict.fromkeys((0x2022, 0x2027, 0x2219, 0x22C5, 0x30FB, 0xFF65), "\u00b7")
_QUOTES = {0x2019: "'", 0x2018: "'"}
_TABLE = _FULL_WIDTH | _BLANKS | _DASHES | _DOTS | _QUOTES
_CHINESE_DIGITS = {
    ord(char): str(digit)
    for digit, chars in enumerate(("〇零○", "一幺壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for char in chars
}
_DIGIT = f"[{''.join(map(chr, _CHINESE_DIGITS))}0-9]"
_LONG_NUMBER = re.compile(rf"{_DIGIT}(?:[ -]?{_DIGIT}){{6,}}")
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def in_place(text: str) -> str:
    """Return the text of the same length with full-width characters, blanks, dashes and dots in one spelling.

    Numbers of seven and more digits are written in 0-9 if they are in Chinese ones.
    """
    return _LONG_NUMBER.sub(lambda number: number[0].translate(_CHINESE_DIGITS), text.translate(_TABLE))


def visible(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the text without the characters that nobody sees, and the place of each that is left."""
    places = tuple(place for place, char in enumerate(text) if not _INVISIBLE.match(char))
    return "".join(text[place] for place in places), places


def has_invisible(text: str) -> bool:
    """Say whether the text holds a character that nobody sees: of no width, a soft hyphen, a sign of direction."""
    return _INVISIBLE.search(text) is not None
