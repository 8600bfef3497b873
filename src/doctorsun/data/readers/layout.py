"""Layouts: the fields that make a record one of a format, and what becomes of records and files that lack them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from doctorsun.config.suggest import one_of
from doctorsun.data.readers.fields import find
from doctorsun.data.readers.item import Dropped
from doctorsun.errors import DataError

T = TypeVar("T")
LAYOUT = "layout"
"""The reason why a record that is no object, or lacks what its format needs, is dropped."""
ANOTHER_FORMAT = "choose the format that the file has: 'doctorsun data formats' lists them"
_SHOWN_FIELDS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields that a record has, in one of several ways.

    Attributes:
        ways: each a list of groups of names; a record has one name of every group.
        any_case: upper and lower case do not matter.
        advice: what to do where no record of a file fits.
    """

    ways: tuple[tuple[tuple[str, ...], ...], ...]
    any_case: bool = False
    advice: str = ANOTHER_FORMAT

    def fault(self, record: Any) -> str:
        """Return what is wrong with a record as ``got ..., expected ...``; nothing where it fits."""
        if not isinstance(record, dict):
            return f"got {type(record).__name__}, expected a JSON object"
        lacking = [[group for group in way if not self._has(record, group)] for way in self.ways]
        if not all(lacking):
            return ""
        _, nearest = min(zip(self.ways, lacking, strict=True), key=lambda each: len(each[1]) / len(each[0]))
        return f"got {_shown(record)}, expected {' and '.join(map(one_of, nearest))}"

    def _has(self, record: Mapping[str, Any], group: Sequence[str]) -> bool:
        return any(name in record for name in group) or (self.any_case and find(record, group) is not None)


def all_of(*names: str) -> Layout:
    """Return the layout of records that have all these fields."""
    return Layout((tuple((name,) for name in names),))


def any_of(*names: str, any_case: bool = False, advice: str = ANOTHER_FORMAT) -> Layout:
    """Return the layout of records that have one of these fields at least."""
    return Layout(((names,),), any_case, advice)


def fitting(records: Iterable[T | Dropped], advice: str = ANOTHER_FORMAT) -> Iterator[T | Dropped]:
    """Yield what the records of one file were read as; one that does not fit is dropped, and the others stay.

    Raises:
        DataError: there are records, and every one was dropped as ``layout``: the file is of another format.
    """
    first: Dropped | None = None
    any_fits = False
    for record in records:
        if not any_fits and isinstance(record, Dropped) and record.reason == LAYOUT:
            first = first or record
        else:
            any_fits = True
        yield record
    if first and not any_fits:
        raise DataError(first.detail, do=advice)


def _shown(record: Mapping[str, Any]) -> str:
    names = ", ".join(list(record)[:_SHOWN_FIELDS])
    return f"the fields {names}" if names else "no field"
