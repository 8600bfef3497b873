"""One spelling of digits, letters, blanks and marks, at unchanged places, so that spans hold in the text itself."""

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_BLANKS = dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2009, 0x202F, 0x3000), " ")
_DASHES = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63), "-")
_DOTS = dict.fromkeys((0x2022, 0x2027, 0x2219, 0x22C5, 0x30FB, 0xFF65), "\u00b7")
_QUOTES = {0x2019: "'", 0x2018: "'"}
_TABLE = _FULL_WIDTH | _BLANKS | _DASHES | _DOTS | _QUOTES


def in_place(text: str) -> str:
    """Return the text of the same length with full-width characters, blanks, dashes and dots in one spelling."""
    return text.translate(_TABLE)
