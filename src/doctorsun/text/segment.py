"""Tokens of an answer: English words, Chinese characters or Chinese words."""

import functools
import logging
import re
from collections.abc import Callable
from typing import Literal

from doctorsun.text.language import has_han
from doctorsun.text.normalize import exact_form

Unit = Literal["character", "word"]

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")


def answer_tokens(text: str, unit: Unit = "character") -> list[str]:
    """Return the tokens of an answer's exact form.

    Args:
        text: the answer, in either language.
        unit: how Chinese is cut; English words, numbers and abbreviations are always whole tokens.
    """
    form = exact_form(text)
    if unit == "word" and has_han(form):
        return [token for token in _cut_chinese()(form) if token.strip()]
    return _TOKEN.findall(form)


@functools.cache
def _cut_chinese() -> Callable[[str], list[str]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # Fill the dictionary here: jieba's own start trusts a cache file that anyone may write to the temporary folder.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer.lcut
