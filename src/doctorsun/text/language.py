"""Which of the two languages a text is written in, counted by its script."""

import re
from typing import Literal

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]*")  # abbreviations in capitals (CT, MRI) belong to both languages
_CLEAR_MAJORITY = 3


def script_of(text: str) -> Literal["zh", "en", "mixed"]:
    """Return zh or en where one script clearly prevails, else mixed; a text without letters counts as en.

    A Chinese character weighs as much as an English word, and a majority of three to one is clear.
    """
    num_han = len(_HAN.findall(text))
    if num_han == 0:
        return "en"
    num_words = len(_LATIN_WORD.findall(text))
    if num_han >= _CLEAR_MAJORITY * num_words:
        return "zh"
    return "en" if num_words >= _CLEAR_MAJORITY * num_han else "mixed"


def has_han(text: str) -> bool:
    """Say whether the text holds a Chinese character."""
    return _HAN.search(text) is not None
