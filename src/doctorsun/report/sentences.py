"""Sentences that are kept in English and told in Chinese for who reads Chinese."""

import re
from collections.abc import Mapping

from doctorsun.report.strings import Language

_PLACE = re.compile(r"\{(\w+)\}")


class Sentences:
    """English to Chinese; what stands in braces is taken over as it is.

    Where several sentences fit a line, the one with the most words of its own is meant.

    Args:
        chinese: of each English sentence.
    """

    def __init__(self, chinese: Mapping[str, str]) -> None:
        special_first = sorted(chinese, key=lambda english: -len(_PLACE.sub("", english)))
        self._patterns = [(_pattern(english), chinese[english]) for english in special_first]

    def told(self, line: str, language: Language) -> str:
        """Return a sentence in a language; one that is not known stays as it is."""
        if language == "en":
            return line
        found = ((pattern.fullmatch(line), chinese) for pattern, chinese in self._patterns)
        return next((chinese.format(**match.groupdict()) for match, chinese in found if match), line)


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )
