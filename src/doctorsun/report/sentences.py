"""Sentences that are kept in English and told in Chinese for who reads Chinese."""

import re
from collections.abc import Mapping

from doctorsun.report.strings import Language


class Sentences:
    """English to Chinese; what stands in braces is taken over as it is.

    Args:
        chinese: of each English sentence.
    """

    def __init__(self, chinese: Mapping[str, str]) -> None:
        self._patterns = [(_pattern(english), sentence) for english, sentence in chinese.items()]

    def told(self, line: str, language: Language) -> str:
        """Return a sentence in a language; one that is not known stays as it is."""
        if language == "en":
            return line
        found = ((pattern.fullmatch(line), chinese) for pattern, chinese in self._patterns)
        return next((chinese.format(**match.groupdict()) for match, chinese in found if match), line)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )
