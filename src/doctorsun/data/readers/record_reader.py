"""RecordReader: a source whose every record, a row or a JSON object, makes one item."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.data.readers.item import Item
from doctorsun.data.readers.origin import Origin
from doctorsun.data.readers.source_files import SourceFile, source_files
from doctorsun.data.readers.tables import SUFFIXES, need, records


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it stands in its file.

    Attributes:
        id: file name and number, such as ``test/anatomy.csv#3``: a name for data sets that give none.
        place: for messages, such as ``/data/test/anatomy.csv, line 4``.
    """

    id: str
    place: str
    fields: dict[str, Any]

    @property
    def file_name(self) -> str:
        """The file, by its name below what the import was asked for."""
        return self.id.rpartition("#")[0]


@dataclass(frozen=True)
class RecordReader:
    """Tables, and the function that makes an item of a record and the origin.

    Attributes:
        columns: every record must have these.
    """

    files: tuple[SourceFile, ...]
    origin: Origin
    to_item: Callable[[RawRecord, Origin], Item]
    columns: tuple[str, ...] = ()

    def pending(self) -> Iterator[RawRecord]:
        """Yield the records."""
        for file in self.files:
            for number, (place, fields) in enumerate(records(file.path), start=1):
                need(fields, self.columns, place)
                yield RawRecord(f"{file.name}#{number}", place, fields)

    def make(self, pending: RawRecord) -> Item:
        """Make an item of a record."""
        return self.to_item(pending, self.origin)


def table_files(section: ImportSource) -> tuple[SourceFile, ...]:
    """Return the tables that an import asks for.

    Raises:
        DataError: there is none.
    """
    return source_files(section.path, SUFFIXES)
