"""Words of a text that turn its meaning round though they are short: numbers, sides, negations, results, letters."""

import re
from collections import Counter

from doctorsun.text.normalize import fold

_LETTER = re.compile(r"(?<![A-Za-z])[B-H](?![A-Za-z])")  # A is an article as well
_TELLING = re.compile(
    r"\d+(?:\.\d+)?"
    r"|\b(?:left|right|bilateral|upper|lower|anterior|posterior|medial|lateral|yes|no|not|without|never|cannot)\b"
    r"|\b(?:positive|negative|normal|abnormal|increased|decreased|high|low)\b"
    r"|n't\b|[左右双上下前后内外不无没未非否有是阴阳高低升降增减]|[+±<>≤≥]|\(-\)"
)


def telling_words(text: str) -> Counter[str]:
    """Return numbers, sides, negations, results, signs and option letters of a text, with how often each stands there.

    Two texts that differ in one of them say different things, however much else they share.
    """
    return Counter(_TELLING.findall(fold(text))) + Counter(_LETTER.findall(text))
