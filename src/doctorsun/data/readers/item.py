"""Items: what every reader makes, one per record of its source, and the two steps in which it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from doctorsun.schema import Sample

PendingT = TypeVar("PendingT")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A source item that gives no sample: a reason from a short fixed list, and the details of this case."""

    original_id: str
    reason: str
    detail: str = ""


Item = tuple[Sample, ...] | Dropped
"""The samples of one source item, at least one; or why there are none."""


class Reader(Protocol[PendingT]):
    """A source, opened for reading; it and what it lists can be sent to other processes.

    Listing is cheap (names, lines, rows) and always in the same order, so that work can go on after a kill and be
    shared among processes; making opens images and is a pure function of what was listed.
    """

    def pending(self) -> Iterator[PendingT]:
        """Yield what each source item is made from.

        Raises:
            DataError: the source cannot be read.
        """
        ...

    def make(self, pending: PendingT) -> Item:
        """Make one item.

        Raises:
            DataError: what was listed cannot be read; a fault of this item alone is a `Dropped` instead.
        """
        ...
