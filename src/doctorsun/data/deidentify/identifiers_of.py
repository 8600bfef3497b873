"""The names and numbers that a header tells of people, searched for in every text that stays."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from doctorsun.data.deidentify.profile import load_profile
from doctorsun.data.deidentify.readable import readable_elements
from doctorsun.data.deidentify.vocabulary import HAN

IDENTIFIERS = {"LO", "SH", "PN", "LT", "ST", "UT", "UC", "AE"}
LEAST_LETTERS, LEAST_HAN, LEAST_DIGITS = 3, 2, 4
LEAST_OF_PERSONS = 2  # shorter parts of names are initials
NUMBERS_OF_PERSONS = {"PatientID", "OtherPatientIDs", "AccessionNumber"}
_PARTS = re.compile(r"[\^=\s,;/\\()·]+")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What one header tells of people: names, their parts, numbers, places."""

    values: frozenset[str]

    def removed_from(self, text: str) -> str:
        """Return a text without these, in small or capital letters, wherever they stand as words."""
        pattern = self._pattern()
        return " ".join(pattern.sub(" ", text).split()) if pattern else text

    def are_in(self, text: str) -> bool:
        """Return whether one of these stands in a text."""
        pattern = self._pattern()
        return bool(pattern and pattern.search(text))

    def _pattern(self) -> re.Pattern[str] | None:
        if not self.values:
            return None
        longest_first = sorted(self.values, key=lambda value: (-len(value), value))
        return re.compile("|".join(map(_as_word, longest_first)), re.IGNORECASE)


def identifiers_of(header: Dataset) -> Identifiers:
    """Gather the names and numbers of people, places and orders, from every level of a header."""
    return Identifiers(
        frozenset(each for value, is_name in _values(header, _tells_of_people) for each in _searched(value, is_name))
    )


def persons_of(header: Dataset) -> Identifiers:
    """Gather the names of people and the numbers of the patient alone, short parts of names too."""
    found = (part for value, is_name in _values(header, _is_of_person) for part in _parts(value, is_name))
    return Identifiers(frozenset(part for part in found if len(part) >= LEAST_OF_PERSONS))


def _values(header: Dataset, is_told: Callable[[DataElement], bool]) -> Iterator[tuple[str, bool]]:
    for _, element in readable_elements(header):
        if element is None:
            continue
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _values(item, is_told)
        elif is_told(element):
            values = element.value if isinstance(element.value, MultiValue) else [element.value]
            yield from ((str(value), element.VR == "PN") for value in values if value)


def _tells_of_people(element: DataElement) -> bool:
    table = load_profile()
    if element.VR not in IDENTIFIERS or element.keyword in table.descriptors | table.characteristics:
        return False
    return element.VR == "PN" or element.keyword in table.actions


def _is_of_person(element: DataElement) -> bool:
    return element.VR == "PN" or element.keyword in NUMBERS_OF_PERSONS


def _searched(value: str, is_name: bool) -> Iterator[str]:  # noqa: FBT001 (a fact that comes with the value)
    """Yield the parts of a value that are long enough to be searched for."""
    for part in _parts(value, is_name):
        least = LEAST_HAN if HAN.search(part) else LEAST_DIGITS if part.isdigit() else LEAST_LETTERS
        if len(part) >= least:
            yield part


def _parts(value: str, is_name: bool) -> tuple[str, ...]:  # noqa: FBT001 (a fact that comes with the value)
    return (value.strip(), *(_PARTS.split(value) if is_name else ()))


def _as_word(value: str) -> str:
    escaped = re.escape(value)
    return escaped if HAN.search(value) else rf"(?<![^\W_]){escaped}(?![^\W_])"
