"""How long a text is in tokens, by a rule that depends on no model's vocabulary."""

import re

_LETTERS_PER_TOKEN = 5
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"  # kana, Chinese characters, Hangul
_TOKEN = re.compile(rf"[{_CJK}]|[^\W\d_{_CJK}]{{1,{_LETTERS_PER_TOKEN}}}|\d{{1,3}}|[^\w\s]|_")


def num_tokens(text: str) -> int:
    """Return about how many tokens a text has.

    A Chinese character counts as one, a word of Latin letters as one for every five letters begun, digits as one for
    every three, and every other sign that is not blank as one. Splitting at blanks would count a Chinese text as one
    word, and a store must not depend on the tokenizer of whichever model trains on it first.
    """
    return sum(1 for _ in _TOKEN.finditer(text))
