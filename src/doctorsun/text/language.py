"""Which language a text is written in: first counted by its script, then, for Latin letters, by its words."""

import functools
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

Script = Literal["zh", "en", "mixed"]
LATIN_LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "nl", "pl")
"""Told apart by their words; a larger set takes more English terms for other languages than it finds texts."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\uff66-\uff9d]")  # not the dot ・ of names
_HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_OTHER_LETTER = re.compile(r"[\u0400-\u10ff\u1200-\u1cff]")  # Cyrillic to Vedic; Greek letters are signs of medicine
_LATIN_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]*")  # abbreviations in capitals (CT, MRI) belong to both languages
_CLEAR_MAJORITY = 3
_LEAST_CJK_SHARE = 10  # one character in so many is kana in Japanese, or Hangul in Korean, at the very least
_LEAST_LETTERS = 20  # in less, a term is taken for any language: 'adenocarcinoma in situ' for Italian
_LEAST_CONFIDENCE = 0.95
_MOST_CHARACTERS = 2000  # that are read of a long text


def script_of(text: str) -> Script:
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


def language_of(text: str, declared: str) -> str:
    """Return the language that a text is in, or the declared one where the text is too short to tell.

    Kana make a text Japanese and Hangul make it Korean, if they are more than a stray sign in it; Chinese
    characters then tell Chinese and mixed texts; what is left is Latin, whose words tell the language.

    Args:
        text: its first 2,000 characters are read.
        declared: what the source says; any name.

    Returns:
        zh, en or mixed; an ISO 639-1 code; ``other`` for another script; or what was declared.
    """
    text = text[:_MOST_CHARACTERS]
    num_words, num_han = len(_LATIN_WORD.findall(text)), len(_HAN.findall(text))
    for language, script in (("ja", _KANA), ("ko", _HANGUL)):
        num = len(script.findall(text))
        if num and num * _LEAST_CJK_SHARE >= num + num_han and num_words < _CLEAR_MAJORITY * (num + num_han):
            return language
    script = script_of(text)
    if num_han and script != "en":
        return script
    num_latin = len(_LATIN.findall(text))
    if len(_OTHER_LETTER.findall(text)) > num_latin + num_han:
        return "other"
    return _latin_language(text, declared) if num_latin >= _LEAST_LETTERS else declared


def _latin_language(text: str, declared: str) -> str:
    language, confidence = _identifier().classify(text)
    return language if confidence >= _LEAST_CONFIDENCE else declared


@functools.cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # a second, which texts in Chinese need not spend

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LATIN_LANGUAGES)
    return identifier
