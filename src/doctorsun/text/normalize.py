"""Normal forms of an answer, so that spelling differences do not count."""

import re
import unicodedata
from functools import lru_cache

_THINK = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL | re.IGNORECASE)
_ANSWER_TAG = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}?\}")
_SPACE = re.compile(r"\s+")
_POINT_IN_NUMBER = re.compile(r"(?<=\d)\.(?=\d)")
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")
_ARTICLES = frozenset({"a", "an", "the"})
_POINT = "\ue000"  # a private character that stands for a decimal point while punctuation is removed


def without_reasoning(text: str) -> str:
    r"""Return the final answer of a text that also shows its reasoning.

    Removes ``<think>`` blocks (one that never closes hides all that follows it) and keeps only what
    ``<answer>`` tags or the last ``\boxed{}`` hold, where there are any.
    """
    visible = _THINK.sub(" ", text)
    if "</think>" in visible.lower():
        visible = re.split(r"</think>", visible, flags=re.IGNORECASE)[-1]
    for pattern in (_ANSWER_TAG, _BOXED):
        found: list[str] = pattern.findall(visible)
        if found:
            visible = found[-1]
    return visible.strip()


def fold(text: str) -> str:
    """Return the text in NFKC (full-width letters become plain ones), lower-cased, with single spaces."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def plain_form(text: str) -> str:
    """Return the folded text without punctuation; decimal points stay, and Chinese loses its spaces."""
    marked = _POINT_IN_NUMBER.sub(_POINT, fold(text))
    kept = "".join(" " if unicodedata.category(char)[0] in "PSZC" and char != _POINT else char for char in marked)
    return _HAN_GAP.sub("", _SPACE.sub(" ", kept)).replace(_POINT, ".").strip()


@lru_cache(maxsize=2**13)  # training sets ask the same questions over and over
def exact_form(text: str) -> str:
    """Return the plain form without English articles; two answers are the same when these are equal."""
    words = plain_form(text).split(" ")
    return " ".join(word for word in words if word not in _ARTICLES) or " ".join(words)
