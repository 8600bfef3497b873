"""Options of a question as token ids: the letters that it shows, or the words themselves, in each way to write them."""

import re
from collections.abc import Callable, Sequence
from string import ascii_uppercase

from doctorsun.generate.request import Forms

# Chinese answers to a yes-or-no question repeat its verb, and a tokenizer may hold two characters as one token.
_SAID_AS = {
    "是": ("是", "是的", "有", "有的", "对", "能", "会", "可以", "可见", "存在"),
    "否": ("否", "不", "不是", "不是的", "不能", "不会", "没", "没有", "无", "未", "未见", "不存在"),
}


def option_forms(
    encode: Callable[[str, int], Sequence[int]], question: str, options: Sequence[str], after: int
) -> tuple[Forms, ...]:
    """Return the ways in which an answer can begin with each option.

    A question that shows the letters of its options is answered by letters, any other by the options' texts.

    Args:
        encode: turns words that follow a token into ids, as ``Processor.continuation`` does.
        question: the words that the model reads last.
        options: texts of the choices.
        after: the last token of the prompt; it can change how the next word is cut into tokens.
    """
    written = ways_to_write(question, options)
    return tuple(_forms([encode(text, after) for text in texts]) for texts in written)


def ways_to_write(question: str, options: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the texts with which an answer can begin for each option.

    Args:
        question: the words that the model reads last.
        options: texts of the choices.
    """
    letters = ascii_uppercase[: len(options)]
    if options and all(re.search(rf"(?<![A-Za-z]){letter}[.):、．：）]", question) for letter in letters):
        return tuple((letter, f" {letter}", f"({letter}") for letter in letters)
    return tuple(_spellings(option) for option in options)


def _spellings(option: str) -> tuple[str, ...]:
    said = _SAID_AS.get(option, (option,))
    if not option.isascii():
        return said
    words = {option, option[:1].upper() + option[1:], option.lower()}
    return tuple(before + word for before in ("", " ") for word in sorted(words))


def _forms(encoded: Sequence[Sequence[int]]) -> Forms:
    """Return each once, without those that another begins: what begins with them was already counted."""
    distinct = sorted({tuple(ids) for ids in encoded}, key=len)
    kept: list[tuple[int, ...]] = []
    for ids in distinct:
        if not any(ids[: len(shorter)] == shorter for shorter in kept):
            kept.append(ids)
    return tuple(kept)
