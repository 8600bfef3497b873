"""Yes or no behind a heading: ``Findings: No.`` and ``占位效应 No.`` say no, and nothing else is said."""

import re
import unicodedata

from doctorsun.text.normalize import fold, without_reasoning
from doctorsun.text.polarity import LEXICON_1, Polarity, bare_polarity

_VERDICT = r"(?:yes|no|是|是的|否|不是|有|没有|无)"
_AFTER_COLON = re.compile(rf"(?P<heading>[^:,;.!?。、/\n]{{1,60}}):\W*(?P<said>{_VERDICT})\W*$", re.IGNORECASE)
# Without a colon, the word must stand out from the heading: by its capital, or by the script of either.
_AFTER_SPACE = re.compile(
    r"(?P<heading>(?:[A-Za-z][a-z-]*[\s()+-]+){1,4})(?P<said>Yes|No|YES|NO|是|否|有|没有|无)\W*$"
    rf"|(?P<heading_zh>[\u4e00-\u9fff]{{2,12}}) (?P<said_zh>(?i:{_VERDICT}))\W*$"
)
_QUESTION_WORDS = re.compile(r"是否|有无|有没有|是不是")
_SAYS_MORE = re.compile(
    r"\b(?:yes|no|not|never|without|maybe|may|might|could|can|either|or|unsure|unknown|un(?:clear|certain)\w*|possib\w*"
    r"|probab\w*)\b|[否无未没不或]|可能|也许|有$|是$"
)
_NO_HEADING = re.compile(
    r"\b(?:a|an|the|in|on|at|of|to|from|for|with|by|is|are|was|were|be|it|there|this|that|i|we|you|he|she|they|say|says|said"
    r"|think|and|but|if|as)\b|\b(?:rib|fig|figure|table|case|image|slice|segment|vertebra|level|patient|bed|room)\W*$"
)


def headed_polarity(text: str) -> Polarity | None:
    """Return the yes or no of an answer that is one heading and this word; None for every other answer.

    A heading is one clause of a few words that states and asks nothing itself. It ends with a colon, or the word behind
    it stands out (``Pulmonary Yes.``, ``占位效应 No.``); ``Rib No.`` and ``in the No.`` have no heading.
    """
    visible = " ".join(unicodedata.normalize("NFKC", without_reasoning(text)).split()).strip("\"'`*_“”‘’「」【】- ")
    found = _AFTER_COLON.match(visible)
    if found:
        return bare_polarity(found["said"], LEXICON_1) if _is_silent(found["heading"]) else None
    found = _AFTER_SPACE.match(visible)
    heading = found and (found["heading"] or found["heading_zh"])
    if not found or not heading or not _is_silent(heading) or _NO_HEADING.search(fold(heading)):
        return None
    return bare_polarity(found["said"] or found["said_zh"], LEXICON_1)


def _is_silent(heading: str) -> bool:
    """Say whether a heading states neither yes nor no, denies nothing and leaves nothing open."""
    words = _QUESTION_WORDS.sub("", fold(heading))
    return bool(re.search(r"[^\W\d_]", words)) and not _SAYS_MORE.search(words)
