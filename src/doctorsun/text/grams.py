"""Runs of 13 words or Chinese characters, each as one number: where two texts share one, one was taken from the other.

Thirteen is what decontamination of training texts uses since GPT-3 (Brown et al. 2020, appendix C); in Chinese a
character stands for a word.
"""

import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from doctorsun.text.language import has_han
from doctorsun.text.normalize import fold
from doctorsun.text.simplified import simplified

GRAM_UNITS = 13
_UNIT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def units(text: str) -> list[str]:
    """Return the words and numbers of a text, and each Chinese character as one.

    Case, punctuation and traditional writing do not count.
    """
    return _UNIT.findall(simplified(fold(text)) if has_han(text) else fold(text))


def gram_hashes(text: str) -> NDArray[np.uint64]:
    """Return a number of 64 bits for each different run of 13 units, ascending; none of a shorter text."""
    numbers = np.array([_number(unit) for unit in units(text)], dtype=np.uint64)
    num_grams = len(numbers) - GRAM_UNITS + 1
    if num_grams < 1:
        return np.empty(0, dtype=np.uint64)
    hashed = np.zeros(num_grams, dtype=np.uint64)
    for place in range(GRAM_UNITS):
        hashed = hashed * _FACTOR + numbers[place : place + num_grams]  # modulo 2**64, as NumPy's arrays do
    return np.unique(hashed ^ (hashed >> _HALF))


@lru_cache(maxsize=2**17)
def _number(unit: str) -> int:
    return int.from_bytes(hashlib.blake2b(unit.encode(), digest_size=8).digest(), "little")
