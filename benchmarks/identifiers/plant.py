"""Sentences with planted identifiers: a grammar of its own is expanded between sentences of real texts.

Nothing here is shared with the code that finds identifiers. What is held out has a page of its own, with other names,
forms and sentences than the one that was used in development.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Half = Literal["development", "held_out"]
GRAMMARS = {"zh": "chinese", "en": "english"}
KINDS = {
    "surname_only": "name",
    "last_first": "name",
    "capital_name": "name",
    "labelled_id": "id_number",
    "bed": "record_number",
    "qq": "account",
}
_SYMBOL = re.compile(r"\{(\w+)\}")
_CONTEXTS = ("before", "after", "both", "none")


@dataclass(frozen=True, slots=True)
class PlantedSentence:
    """A text and where identifiers stand in it: (kind, start, end)."""

    text: str
    language: str
    group: str
    planted: tuple[tuple[str, int, int], ...]


class Planter:
    """Expands the grammar of one language for one half.

    Args:
        language: zh or en.
        half: whose page is used.
        contexts: real sentences of that language.
    """

    def __init__(self, language: str, half: Half, contexts: Sequence[str]) -> None:
        page: dict[str, Any] = yaml.safe_load(
            (Path(__file__).parent / f"{GRAMMARS[language]}_{half}.yaml").read_text("utf-8")
        )
        self.language = language
        self._planted: dict[str, list[str]] = page.pop("planted")
        self._sentences: dict[str, list[str]] = page.pop("sentences")
        self._nothing: list[str] = page.pop("nothing")
        self._words: dict[str, list[str]] = page
        self._contexts = contexts
        self._random = random.Random(f"{language} {half}")

    def sentences(self, num_each: int) -> list[PlantedSentence]:
        """Return so many sentences of every group, and as many that hold nothing as two groups."""
        made = [self._sentence(group, self._sentences[group]) for group in self._sentences for _ in range(num_each)]
        return made + [self._sentence("nothing", self._nothing) for _ in range(2 * num_each)]

    def _sentence(self, group: str, templates: Sequence[str]) -> PlantedSentence:
        place = self._random.choice(_CONTEXTS)
        text = _ended(self._context(), self.language) if place in ("before", "both") else ""
        planted: list[tuple[str, int, int]] = []
        template = self._random.choice(templates)
        done = 0
        for match in _SYMBOL.finditer(template):
            text += (
                self._digits(template[done : match.start()]) if group == "nothing" else template[done : match.start()]
            )
            done = match.end()
            words = self._expanded(match[1])
            if match[1] in self._planted:
                planted.append((KINDS.get(match[1], match[1]), len(text), len(text) + len(words)))
            text += words
        text += template[done:]
        text = _ended(text, self.language) + self._context() if place in ("after", "both") else text
        return PlantedSentence(text, self.language, group, tuple(planted))

    def _context(self) -> str:
        return self._random.choice(self._contexts)

    def _expanded(self, symbol: str) -> str:
        if symbol in FUNCTIONS:
            return FUNCTIONS[symbol](self._random)
        pattern = self._random.choice(self._planted.get(symbol) or self._words[symbol])
        return self._digits(_SYMBOL.sub(lambda match: self._expanded(match[1]), pattern))

    def _digits(self, pattern: str) -> str:
        digits = re.sub("#", lambda _: self._random.choice("0123456789"), pattern)
        return re.sub("~", lambda _: self._random.choice("ABCDFGHJKLMPRSTWXYZ"), digits)


def _ended(text: str, language: str) -> str:
    """Return a text after which another may begin: after a sentence, or else on a new line."""
    if not text.endswith(tuple("。！？；.!?")):
        return f"{text}\n"
    return text if language == "zh" else f"{text} "


def resident_id(chance: random.Random) -> str:
    """Return an identity number of 18 digits with its check digit (ISO 7064 MOD 11-2, computed recursively)."""
    region = chance.choice(("110105", "320106", "440306", "510107", "650102", "370602", "230103"))
    born = f"{chance.randint(1932, 2019)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    digits = f"{region}{born}{chance.randint(1, 999):03}"
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return digits + "0123456789X"[(12 - total) % 11]


def _spaced(chance: random.Random) -> str:
    number = resident_id(chance)
    return f"{number[:6]} {number[6:14]} {number[14:]}"


def _wide(chance: random.Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in resident_id(chance))


def _old(chance: random.Random) -> str:
    number = resident_id(chance)
    return number[:6] + "5" + number[9:17]


def nhs_number(chance: random.Random) -> str:
    """Return a number of the National Health Service with its check digit, in groups of 3, 3 and 4."""
    while True:
        digits = [chance.randint(0, 9) for _ in range(9)]
        check = -sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10 and digits[0] in (4, 6, 7):  # noqa: PLR2004 (one digit)
            text = "".join(map(str, [*digits, check]))
            return f"{text[:3]} {text[3:6]} {text[6:]}"


FUNCTIONS: Mapping[str, Callable[[random.Random], str]] = {
    "resident_id": resident_id,
    "resident_id_spaced": _spaced,
    "resident_id_wide": _wide,
    "old_resident_id": _old,
    "nhs": nhs_number,
}
