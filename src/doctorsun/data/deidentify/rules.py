"""Rules: what is to be done with one DICOM element, by the profile, by the options, and else by its representation."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydicom.datadict import dictionary_VM, dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

from doctorsun.data.deidentify.code_strings import is_safe_code_string
from doctorsun.data.deidentify.identifiers_of import Identifiers
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.profile import decided, load_profile, load_safe_text
from doctorsun.data.deidentify.readable import NUMBERS
from doctorsun.data.deidentify.values import DATES, is_registered

Deed = Literal["keep", "remove", "empty", "dummy", "uid", "move", "clean", "cap", "enter", "code", "colour"]
BINARY = {"OB", "OW", "OF", "OD", "OL", "OV", "OB or OW"}
NEVER_MOVED = {"PatientBirthDate", "PatientBirthTime"}
OWN = {
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    "SpecificCharacterSet",
}
CURVES, OVERLAYS = 0x5000, 0x6000
CODE_SCHEME = re.compile(r"[A-Z][A-Z0-9_]{0,15}")
CODE = re.compile(r"[A-Za-z0-9.:/_-]{1,18}")
CODE_VERSION = re.compile(r"[0-9][0-9A-Za-z.]{0,9}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be done with an element, and why."""

    deed: Deed
    why: str


def rule_of(element: DataElement, options: Options, persons: Identifiers, *, scheme: str = "") -> Rule:
    """Decide on one element.

    Args:
        element: of an even group, or private.
        options: what was chosen.
        persons: whom the header names.
        scheme: the coding scheme that stands beside the element.
    """
    if reason := _never_kept(element):
        return Rule("remove", reason)
    if element.keyword in load_profile().actions:
        return _by_table(element, options, persons)
    return _by_representation(element, options, persons, scheme)


def _never_kept(element: DataElement) -> str:
    """Return why an element goes whatever is chosen; empty for one that the rules decide on."""
    tag, keyword = element.tag, element.keyword
    if tag.elem == 0:
        return "group length, which changes"
    if tag.group & 0xFF00 in (CURVES, OVERLAYS):
        return "PS3.15 E.1-1: X, curves and overlays"
    if keyword in OWN:
        return "written anew"
    if not keyword or element.VR == "UN":
        return "not in the data dictionary"
    return "" if _is_of_its_kind(element) else "of another kind than the data dictionary tells"


def _is_of_its_kind(element: DataElement) -> bool:
    """Return whether an element is as the dictionary tells: in a damaged file, text may pass as numbers."""
    if _class_of(element.VR) != _class_of(dictionary_VR(element.tag)):
        return False
    most = dictionary_VM(element.tag)
    return element.VR not in NUMBERS or not most.isdigit() or int(most) >= element.VM


def safe_private(element: DataElement, options: Options, persons: Identifiers) -> Rule:
    """Decide on a private element: kept on demand where the standard lists it as safe and it holds numbers."""
    place = (str(element.private_creator or ""), element.tag.group, element.tag.elem & 0xFF)
    if "safe-private" in options.keep and place in load_safe_text().private:
        is_known = _class_of(element.VR) == _class_of(private_dictionary_VR(element.tag, element.private_creator or ""))
        is_plain = element.VR in NUMBERS or _is_number(element) or (element.VR == "CS" and _is_code(element, persons))
        if is_known and is_plain:
            return Rule("keep", "PS3.15 E.3.10: safe private")
    return Rule("remove", "private")


def _class_of(representation: str) -> str:
    """Return how the values of a representation are read."""
    return next((name for name, found in (("number", NUMBERS), ("binary", BINARY)) if representation in found), "text")


def _by_table(element: DataElement, options: Options, persons: Identifiers) -> Rule:
    profile, keyword = load_profile(), element.keyword
    action = profile.actions[keyword]
    why = f"PS3.15 E.1-1: {action}"
    if element.VR in DATES and options.dates == "shift" and keyword not in NEVER_MOVED:
        return Rule("move", "PS3.15 E.3.6: modified dates")
    if "characteristics" in options.keep and keyword in profile.characteristics:
        return _characteristic(element, persons)
    if "descriptors" in options.keep and keyword in profile.descriptors:
        return Rule("clean", "PS3.15 E.3.5: cleaned descriptor")
    is_accession = keyword == "AccessionNumber" and not element.is_empty
    if keyword in ("PatientID", "PatientName") or is_accession:  # Z allows a dummy, by which studies stay together
        return Rule("dummy", why)
    letter = decided(action)
    if element.VR == "SQ" and letter in "DU":
        return Rule("dummy" if keyword.endswith("CodeSequence") else "enter", why)
    deeds: dict[str, Deed] = {"D": "dummy", "Z": "empty", "X": "remove", "U": "uid"}
    return Rule(deeds[letter], why)


def _characteristic(element: DataElement, persons: Identifiers) -> Rule:
    why = "PS3.15 E.3.7: patient characteristic"
    if element.VR == "AS":
        return Rule("cap", why)
    if element.VR == "CS":
        return Rule("keep", why) if _is_code(element, persons) else Rule("remove", "no words of the standard")
    return Rule("keep", why) if element.VR in NUMBERS or _is_number(element) else Rule("clean", why)


def _by_representation(element: DataElement, options: Options, persons: Identifiers, scheme: str) -> Rule:
    """Decide on what the table leaves out: numbers, sequences and words of the standard stay, other text goes."""
    safe, keyword, representation = load_safe_text(), element.keyword, element.VR
    if representation in DATES:
        return Rule("move", "date or time") if options.dates == "shift" else Rule("remove", "date or time")
    if representation in ("SQ", "UI"):
        return Rule("enter", "sequence") if representation == "SQ" else Rule("uid", "unique identifier")
    if keyword in safe.binary or keyword == "ICCProfile":
        deed: Deed = "colour" if keyword == "ICCProfile" else "keep"
        return Rule(deed, "numbers of pixels, curves, surfaces or colours")
    if representation in NUMBERS or (representation in ("DS", "IS") and _is_number(element)):
        return Rule("keep", "number")
    if representation == "CS":
        return Rule("keep", "code string") if _is_code(element, persons) else _unknown_code(element)
    return _by_list(element, options, scheme)


def _by_list(element: DataElement, options: Options, scheme: str) -> Rule:
    """Decide on a text: codes of registered schemes and lists of safe attributes stay, all others go."""
    safe, keyword = load_safe_text(), element.keyword
    if keyword in safe.codes:
        is_safe = _is_safe_code(element, scheme)
        return Rule("keep", "code") if is_safe else Rule("dummy", "no code of a registered scheme")
    if keyword == "TextValue" and "descriptors" not in options.keep:
        return Rule("dummy", "text of a report")
    return Rule("clean", "words of the standard") if keyword in safe.worded else Rule("remove", "text")


def _unknown_code(element: DataElement) -> Rule:
    """Remove a code string; of several, such as those of Image Type, only those that are no words of the standard."""
    why = "no words of the standard"
    return Rule("code", why) if isinstance(element.value, MultiValue) else Rule("remove", why)


def _is_safe_code(element: DataElement, scheme: str) -> bool:
    schemes, text = load_safe_text().schemes, str(element.value or "")
    if element.keyword == "CodingSchemeDesignator":
        return text in schemes
    is_version = element.keyword == "CodingSchemeVersion"
    shape = CODE_VERSION if is_version else load_safe_text().code_shapes.get(scheme, CODE)
    return scheme in schemes and bool(shape.fullmatch(text))


def _is_code(element: DataElement, persons: Identifiers) -> bool:
    return all(is_safe_code_string(element.keyword, str(value), persons) for value in _values(element) if value)


def _is_number(element: DataElement) -> bool:
    """Return whether a number that is written as text (DS, IS) is one."""
    if element.VR not in ("DS", "IS"):
        return False
    try:
        [float(value) for value in _values(element) if value not in (None, "")]
    except (TypeError, ValueError):
        return False
    return True


def _values(element: DataElement) -> list[Any]:
    return list(element.value) if isinstance(element.value, MultiValue) else [element.value]


def is_public_class(uid: str) -> bool:
    """Return whether the standard defines what objects of a class hold."""
    return is_registered(uid)
