"""A DICOM data set built anew, element by element, at every depth; nothing goes into it that no rule lets through."""

from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from doctorsun.data.deidentify.action import Action, Deed
from doctorsun.data.deidentify.bulk_classes import is_of_other_class
from doctorsun.data.deidentify.code_strings import is_safe_code_string
from doctorsun.data.deidentify.colour_profile import without_texts
from doctorsun.data.deidentify.options import Options
from doctorsun.data.deidentify.readable import readable_elements
from doctorsun.data.deidentify.rules import Rule, rule_of, safe_private
from doctorsun.data.deidentify.values import REMOVED, StandIns, capped_age, each
from doctorsun.data.deidentify.waveforms import is_undescribed

DEEDS: dict[str, Deed] = {
    "remove": "removed",
    "empty": "emptied",
    "dummy": "replaced",
    "uid": "replaced",
    "move": "shifted",
    "clean": "cleaned",
    "cap": "cleaned",
    "code": "cleaned",
    "colour": "cleaned",
    "keep": "kept",
}
SOUND = ("move", "cap", "clean", "colour")  # what gives nothing for a value without anything sound in it
PROSE = ("LO", "SH", "ST", "LT", "UT", "UC")


@dataclass(slots=True)
class Cleaning:
    """Cleans the data set of one file, and notes what it does.

    Attributes:
        stand_ins: what stands for the old values.
        options: what was chosen.
        kind: the class of the object.
        actions: what was done, in order.
    """

    stand_ins: StandIns
    options: Options
    kind: str = ""
    actions: list[Action] = field(default_factory=list)

    def cleaned(self, old: Dataset, path: str = "") -> Dataset:
        """Build the clean form of a data set or of an item of a sequence.

        Args:
            old: the data set.
            path: the sequences that lead to it.
        """
        new = Dataset()
        scheme = _scheme(old)
        for tag, element in readable_elements(old):
            if element is None:
                self._note(path, tag, "", Rule("remove", "cannot be read"))
                continue
            if is_undescribed(old, element) or is_of_other_class(self.kind, element):
                self._note(path, tag, element.keyword, Rule("remove", "bytes that nothing describes"))
                continue
            self._add(new, element, path, scheme)
        return new

    def _add(self, new: Dataset, element: DataElement, path: str, scheme: str) -> None:
        """Add what becomes of one element."""
        if element.tag.is_private:
            self._add_private(new, element, path)
            return
        rule = rule_of(element, self.options, self.stand_ins.subject.persons, scheme=scheme)
        if rule.deed == "enter":
            items = [self.cleaned(item, f"{path}{element.keyword}.") for item in element.value or ()]
            new[element.tag] = DataElement(element.tag, "SQ", Sequence(items))
            return
        value = self._value(element, rule)
        if value in ("", None) and rule.deed in SOUND and not element.is_empty:
            value = REMOVED if rule.deed == "clean" and element.VR in PROSE else None
            rule = Rule("dummy" if value else "remove", f"nothing sound in it ({rule.why})")
        changes = rule.deed not in ("keep", "uid") or value != element.value
        if changes or rule.why.startswith("PS3.15"):
            self._note(path, element.tag, element.keyword, rule)
        if rule.deed != "remove":
            new[element.tag] = DataElement(element.tag, element.VR, value)

    def _add_private(self, new: Dataset, element: DataElement, path: str) -> None:
        """Add a private element that is known as safe, in a block of its creator."""
        rule = safe_private(element, self.options, self.stand_ins.subject.persons)
        self._note(path, element.tag, "", rule)
        if rule.deed == "keep":
            block = new.private_block(element.tag.group, str(element.private_creator), create=True)
            block.add_new(element.tag.elem & 0xFF, element.VR, element.value)

    def _value(self, element: DataElement, rule: Rule) -> Any:
        if rule.deed in ("empty", "dummy") and element.VR == "SQ":
            return Sequence() if rule.deed == "empty" else _dummy_code()
        ways = {
            "empty": lambda _: None,
            "dummy": self.stand_ins.dummy,
            "uid": lambda old: each(old, self.stand_ins.uid),
            "move": self.stand_ins.moved,
            "clean": self.stand_ins.cleaned,
            "cap": lambda old: each(old, capped_age),
            "code": self._safe_codes,
            "colour": lambda old: without_texts(old.value),
        }
        return ways[rule.deed](element) if rule.deed in ways else element.value

    def _safe_codes(self, element: DataElement) -> list[str]:
        """Return the values of an element, empty in place of those that may tell of a person."""
        persons = self.stand_ins.subject.persons
        return [value if is_safe_code_string(element.keyword, str(value), persons) else "" for value in element.value]

    def _note(self, path: str, tag: BaseTag, keyword: str, rule: Rule) -> None:
        where = f"{path}{keyword} {tag}" if keyword else f"{path}{tag}"
        self.actions.append(Action(where, DEEDS[rule.deed], rule.why))


def _scheme(old: Dataset) -> str:
    try:
        return str(old.get("CodingSchemeDesignator") or "")
    except Exception:  # noqa: BLE001 (a damaged one tells no scheme)
        return ""


def _dummy_code() -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "REMOVED", "99DEID", "removed"
    return Sequence([item])
