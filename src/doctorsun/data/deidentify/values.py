"""What becomes of the value of a DICOM element: a stand-in, a moved date, a text without identifiers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydicom._uid_dict import UID_dictionary
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

from doctorsun.data.deidentify.key import Key
from doctorsun.data.deidentify.profile import load_profile
from doctorsun.data.deidentify.shifted import shifted_date, shifted_datetime, sound_time
from doctorsun.data.deidentify.subject import Subject
from doctorsun.data.deidentify.titled_names import without_titled_names
from doctorsun.data.deidentify.vocabulary import known_words
from doctorsun.text.identifiers.mask import without_identifiers

REMOVED = "removed"
DATES = {"DA", "TM", "DT"}
DUMMIES = {
    "AE": "REMOVED",
    "AS": "000Y",
    "CS": "REMOVED",
    "DA": "19000101",
    "DT": "19000101000000",
    "LT": REMOVED,
    "ST": REMOVED,
    "TM": "000000",
    "UR": "urn:removed",
    "UT": REMOVED,
}
OLDEST = 90
_AGE = re.compile(r"(\d{3})([DWMY])")
_MISREAD = re.compile("[\x1b\x80-\x9f\ufffd]")  # no text holds these: its bytes do not fit its character set
# Below the roots of DICOM, and of the coding schemes that HL7 registers.
_REGISTERED = re.compile(r"(?:1\.2\.840\.10008|2\.16\.840\.1\.113883\.6)(?:\.(?:0|[1-9]\d{0,6}))+")


@dataclass(frozen=True, slots=True)
class StandIns:
    """Gives what stands for the values of one patient's file.

    Attributes:
        key: derives the stand-ins.
        subject: whose file it is.
    """

    key: Key
    subject: Subject

    def dummy(self, element: DataElement) -> Any:
        """Return a value that the element's representation allows, which tells nothing of the old one."""
        if element.keyword in ("PatientID", "PatientName"):
            return self.subject.pseudonym
        if element.VR in ("OB", "OW", "UN"):
            return b"\0\0"
        if element.VR in DUMMIES:
            return DUMMIES[element.VR]
        if element.VR == "UI":
            return each(element, self.uid)
        if element.keyword in load_profile().descriptors:
            return REMOVED
        kind = "person" if element.VR == "PN" else element.keyword
        return self.key.pseudonym(kind, str(element.value)) if element.value else REMOVED

    def uid(self, text: str) -> str:
        """Return the stand-in of a unique identifier; one that the standard registers stays."""
        return text if is_registered(text) else self.key.uid(text)

    def moved(self, element: DataElement) -> Any:
        """Return dates moved by the patient's days, and times of day as they are; empty for what is malformed."""
        days = self.subject.shift_days
        ways: dict[str, Callable[[str], str]] = {
            "DA": lambda text: shifted_date(text, days),
            "DT": lambda text: shifted_datetime(text, days),
            "TM": sound_time,
        }
        return each(element, ways[element.VR])

    def cleaned(self, element: DataElement) -> Any:
        """Return texts without what points to people, the header's identifiers, and words the standard lacks."""
        return each(element, self._cleaned_text)

    def _cleaned_text(self, text: str) -> str:
        if _MISREAD.search(text):
            return ""
        return known_words(self.subject.identifiers.removed_from(without_identifiers(without_titled_names(text))))


def each(element: DataElement, change: Callable[[str], str]) -> Any:
    """Change each value of an element; empty where one of them becomes empty."""
    values = list(element.value) if isinstance(element.value, MultiValue) else [element.value]
    changed = [change(str(value)) if value else "" for value in values]
    if any(value and not new for value, new in zip(values, changed, strict=True)):
        return ""
    return changed if len(changed) > 1 else changed[0]


def is_registered(uid: str) -> bool:
    """Return whether the standard registers a unique identifier, or a coding scheme has it: the same everywhere."""
    return uid in UID_dictionary or bool(_REGISTERED.fullmatch(uid))


def capped_age(text: str) -> str:
    """Return an age (AS) of at most 90 years; empty for what is none.

    Source: 45 CFR 164.514(b)(2)(i)(C), ages over 89.
    """
    found = _AGE.fullmatch(text.strip())
    if not found:
        return ""
    years_in = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}
    return "090Y" if int(found[1]) / years_in[found[2]] >= OLDEST else found[0]
