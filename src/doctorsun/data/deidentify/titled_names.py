"""Names in descriptions that are written with words of the standard: behind a title, in pairs, or letter by letter."""

import re
from functools import cache

from doctorsun.data.deidentify.profile import load_safe_text
from doctorsun.data.deidentify.vocabulary import standard_words

MOST_WORDS = 4  # of a name behind a title
_TITLES = {"mrs", "miss", "prof", "professor", "doctor", "madam", "nurse"}
_ALSO_MODALITIES = {"mr", "ms", "dr", "drs", "pt"}  # titles with a dot or in mixed case, else perhaps a modality
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_WITHIN_NAME = re.compile(r"[\s.,-]*")
_SPELLED = re.compile(
    r"(?<![^\W_])(?:(?:[^\W\d_][.-]\s?){2,}[^\W\d_]?|(?:[^\W\d_]\s){3,}[^\W\d_])(?![^\W_])"  # Z.W.M., W-e-i, S M I T H
)


def without_titled_names(text: str) -> str:
    """Return a text without the names that a list of the standard's words does not tell apart from these.

    The word behind a title goes whatever it is, and those that follow while they are no plain words of the standard.
    Behind MR, MS, DR and PT in capitals, which are modalities too, words go that are names more often than terms.
    """
    return _without_behind_titles(_pairs().sub(" ", _SPELLED.sub(" ", text)))


def _without_behind_titles(text: str) -> str:
    pieces, end, left, is_sure = [], 0, 0, False
    for word in _WORD.finditer(text):
        gap = text[end : word.start()]
        left = left if _WITHIN_NAME.fullmatch(gap) else 0
        pieces.append(gap)
        end = word.end()
        is_title, is_sure_title = _is_title(word[0], text[end : end + 1])
        if is_title:
            left, is_sure = MOST_WORDS, is_sure_title
        elif left and (is_sure or _may_be_name(word[0])):
            left, is_sure = left - 1, is_sure and len(word[0]) == 1  # behind an initial comes the name
            continue
        else:
            left = 0
        pieces.append(word[0])
    return "".join([*pieces, text[end:]])


def _is_title(word: str, behind: str) -> tuple[bool, bool]:
    """Return whether a word is a title, and whether it can be nothing else."""
    low = word.lower()
    is_mixed = word[:1].isupper() and word[1:].islower()
    is_sure = low in _TITLES or (low in _ALSO_MODALITIES - {"pt"} and (behind == "." or is_mixed))
    return is_sure or low in _ALSO_MODALITIES, is_sure


def _may_be_name(word: str) -> bool:
    return word.lower() in load_safe_text().names or word.lower() not in standard_words()


@cache
def _pairs() -> re.Pattern[str]:
    """Return a pattern of two names side by side, as in "White, Rose"."""
    name = f"(?:{'|'.join(sorted(load_safe_text().names))})"
    return re.compile(rf"(?<![^\W_]){name}(?:\s*,\s*|\s+){name}(?![^\W_])", re.IGNORECASE)
