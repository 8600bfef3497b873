"""RecordReader: a source whose every record, a row or a JSON object, makes one item."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.layout import LAYOUT, Layout, fitting
from doctorsun.data.readers.origin import Origin
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.data.readers.tables import SUFFIXES, table_values
from doctorsun.data.readers.told_groups import with_told


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it stands in its file.

    Attributes:
        id: file name and number, such as ``test/anatomy.csv#3``: a name for data sets that give none.
        place: for messages, such as ``/data/test/anatomy.csv, line 4``.
        shared: image paths of another machine, and how many parts at their ends paths of other records have, too.
    """

    id: str
    place: str
    fields: dict[str, Any]
    shared: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def file_name(self) -> str:
        """The file, by its name below what the import was asked for."""
        return self.id.rpartition("#")[0]


def raw_records(file: SourceFile, values: Iterable[tuple[str, Any]], layout: Layout) -> Iterator[RawRecord | Dropped]:
    """Yield the records of a file; a value that is no record of the layout is dropped.

    Args:
        file: names the records.
        values: what stands in it, each with its place for messages.
        layout: what a record has.

    Raises:
        DataError: there are values, and none is a record of the layout.
    """
    records = (
        Dropped(f"{file.name}#{number}", LAYOUT, f"{place}: {fault}")
        if (fault := layout.fault(value))
        else RawRecord(f"{file.name}#{number}", place, value)
        for number, (place, value) in enumerate(values, start=1)
    )
    return fitting(records, layout.advice)


@dataclass(frozen=True)
class RecordReader:
    """Tables, and the function that makes an item of a record and the origin.

    Attributes:
        layout: records without it are dropped.
        values: reads a file, as `table_values` does.
    """

    files: tuple[SourceFile, ...]
    origin: Origin
    to_item: Callable[[RawRecord, Origin], Item]
    layout: Layout
    values: Callable[[Path], Iterable[tuple[str, Any]]] = table_values

    def pending(self) -> Iterator[RawRecord | Dropped]:
        """Yield the records.

        Raises:
            DataError: a file is damaged or of another format.
        """
        for file in self.files:
            yield from raw_records(file, self.values(file.path), self.layout)

    def make(self, pending: RawRecord | Dropped) -> Item:
        """Make an item of a record."""
        item = pending if isinstance(pending, Dropped) else self.to_item(pending, self.origin)
        if isinstance(pending, Dropped) or isinstance(item, Dropped):
            return item
        return tuple(replace(sample, groups=with_told(sample.groups, pending.fields)) for sample in item)


def table_files(section: ImportSource) -> tuple[SourceFile, ...]:
    """Return the tables that an import asks for.

    Raises:
        DataError: there is none.
    """
    return source_files(section.path, SUFFIXES)
