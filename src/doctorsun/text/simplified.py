"""Traditional Chinese written in simplified characters."""

import functools
from itertools import starmap
from operator import ne
from typing import Literal

import opencc


def simplified(text: str) -> str:
    """Return the text in simplified characters, words that keep an old character (乾隆, 著名) included.

    Source: OpenCC's dictionary ``t2s`` (Apache-2.0).
    """
    return _converter("t2s").convert(text)


def is_traditional(text: str) -> bool:
    """Say whether the text has more characters of traditional writing alone than of simplified writing alone.

    Simplified texts hold old characters too: ``癥瘕`` is a term of Chinese medicine and not ``症瘕``.
    """
    num_traditional = _num_changed(text, simplified(text))
    return num_traditional > 0 and num_traditional > _num_changed(text, _converter("s2t").convert(text))


def _num_changed(text: str, converted: str) -> int:
    return sum(starmap(ne, zip(text, converted, strict=False)))


@functools.cache
def _converter(direction: Literal["t2s", "s2t"]) -> opencc.OpenCC:
    return opencc.OpenCC(direction)
