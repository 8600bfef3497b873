"""Profile: what PS3.15 Annex E, table E.1-1, asks to be done with each attribute, and what may stay beside it."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE, SAFE_TEXT = "confidentiality_profile.yaml", "safe_text.yaml"
PROFILE_NAME, PROFILE_VERSION = "DICOM PS3.15 Basic Application Level Confidentiality Profile", "2024b"


@dataclass(frozen=True, slots=True)
class Profile:
    """The table, by keyword.

    Attributes:
        actions: the basic profile's action: D, Z, X, U, or several, by type: "X/Z/D".
        characteristics: what the option Retain Patient Characteristics keeps.
        descriptors: texts that the option Clean Descriptors keeps, cleaned.
    """

    actions: dict[str, str]
    characteristics: frozenset[str]
    descriptors: frozenset[str]


@dataclass(frozen=True, slots=True)
class SafeText:
    """What may stay of the attributes that the table does not name.

    Attributes:
        worded: keywords of texts whose known words stay.
        codes: keywords of code values and schemes.
        schemes: coding schemes of which codes stay.
        code_shapes: how the codes of a scheme are written, of those that say so.
        binary: keywords of binary elements that hold no text.
        private: creator, group and element of private elements that may be kept.
        words: words beside those of the standard, in small letters.
        names: of the words, those that are names of people more often than terms.
        han: Chinese words beside those of the ontology.
    """

    worded: frozenset[str]
    codes: frozenset[str]
    schemes: frozenset[str]
    code_shapes: dict[str, re.Pattern[str]]
    binary: frozenset[str]
    private: frozenset[tuple[str, int, int]]
    words: frozenset[str]
    names: frozenset[str]
    han: frozenset[str]


@cache
def load_profile() -> Profile:
    """Read the table that is shipped."""
    page = read_page(TABLE)
    actions = {keyword: action for action, keywords in page["actions"].items() for keyword in keywords}
    return Profile(actions, frozenset(page["characteristics"]), frozenset(page["descriptors"]))


@cache
def load_safe_text() -> SafeText:
    """Read the list of what may stay."""
    page = read_page(SAFE_TEXT)
    return SafeText(
        worded=frozenset(page["worded"]),
        codes=frozenset(page["codes"]),
        schemes=frozenset(page["schemes"]),
        code_shapes={scheme: re.compile(shape) for scheme, shape in page["code_shapes"].items()},
        binary=frozenset(page["binary"]),
        private=frozenset((creator, group, element) for creator, group, element in page["safe_private"]),
        words=frozenset(page["words"].split()),
        names=frozenset(page["names"].split()),
        han=frozenset(page["han"]),
    )


def decided(action: str) -> str:
    """Decide an action that depends on the type in the object's definition: the one that every type allows.

    Returns:
        D where the attribute may need a value, else Z where it may need to be there, else X; U for U*.
    """
    letters = re.findall("[A-Z]", action)
    return next(letter for letter in "UDZX" if letter in letters)


def read_page(name: str) -> Any:
    """Read one of the pages of rules that are shipped."""
    return yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
