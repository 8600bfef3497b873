"""How much of a text says what the text has said before."""

import re
from collections import Counter

from doctorsun.text.normalize import fold

_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_LEAST_LINE = 10  # characters; shorter lines are headings, table cells and yes or no


def repeated_grams(text: str, num_units: int) -> float:
    """Return the share of runs of so many units that stood in the text before; 0 for a text without any run.

    Args:
        text: in any language.
        num_units: of a run; a unit is a Chinese character, or a word or number in Latin letters.
    """
    units = _UNIT.findall(fold(text))
    grams = [tuple(units[start : start + num_units]) for start in range(len(units) - num_units + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def repeated_lines(text: str) -> float:
    """Return the share of characters in lines that stood in the text before; lines below 10 characters do not count."""
    lines = [line for each in text.splitlines() if len(line := fold(each)) >= _LEAST_LINE]
    total = sum(map(len, lines))
    return sum(len(line) * (times - 1) for line, times in Counter(lines).items()) / total if total else 0.0
