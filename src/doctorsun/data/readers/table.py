"""Reader of pictures that a table lists, with labels, objects and texts in its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.mask_images import MaskFiles
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.picture_record import item_picture, size_of
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table_labels import LabelColumns
from doctorsun.data.readers.table_objects import ObjectColumns, Shown
from doctorsun.data.readers.table_rows import Join, Row, Rows
from doctorsun.data.readers.table_texts import TextColumns
from doctorsun.errors import DataError

_TableItem = tuple[str, tuple[Row, ...], tuple[tuple[Row, ...], ...]] | Dropped


class ObjectTable(Rows, ObjectColumns):
    """A table of its own that lists objects, as many rows as an item has."""

    key: str
    """What the rows are looked up by: a template of this table's columns."""
    on: str
    """The same, of the columns of an item's first row."""


class Table(Rows):
    """Settings of the reader, and the reader."""

    kind: Literal["table"]
    image: str
    """Template of the picture's path; stars stand for anything, as in ``images*/{Image Index}`` or ``{id}.*``."""
    item: str = ""
    """Template that names an item; rows with the same name are about one picture. The picture's path (without ``**/``)
    when not given, and then a picture has one row."""
    joins: tuple[Join, ...] = ()
    """Further tables with a row for each item."""
    labels: tuple[LabelColumns, ...] = ()
    objects: tuple[ObjectColumns, ...] = ()
    """Objects in the table's own rows."""
    object_tables: tuple[ObjectTable, ...] = ()
    """Objects in tables of their own."""
    masks: tuple[MaskFiles, ...] = ()
    """Masks in files beside the picture."""
    texts: tuple[TextColumns, ...] = ()

    def pending(self, root: Path) -> Iterator[_TableItem]:
        """Yield the name and the rows of every item, and its rows of each table of objects.

        Raises:
            DataError: a table cannot be read or lacks a column, or a picture has several rows without ``item``.
        """
        object_rows = [_by_key(table, root) for table in self.object_tables]
        for name, rows in self._items(root):
            if isinstance(rows, Dropped):
                yield rows
            else:
                others = zip(self.object_tables, object_rows, strict=True)
                yield name, rows, tuple(tuple(found.get(filled(table.on, rows[0]), ())) for table, found in others)

    def _items(self, root: Path) -> Iterator[tuple[str, tuple[Row, ...] | Dropped]]:
        if self.item:
            grouped: dict[str, list[Row] | Dropped] = {}
            for name, row in self._joined_rows(root):
                found = grouped.setdefault(name, row if isinstance(row, Dropped) else [])
                if isinstance(found, list) and isinstance(row, dict):
                    found.append(row)
            yield from ((name, rows if isinstance(rows, Dropped) else tuple(rows)) for name, rows in grouped.items())
            return
        seen: set[str] = set()
        for name, row in self._joined_rows(root):
            if name in seen:
                raise DataError(
                    f"{root / self.files}",
                    got=f"several rows of {name}",
                    expected="one",
                    do="name by 'item' what rows of one picture have in common, or take one table by 'files'",
                )
            seen.add(name)
            yield name, row if isinstance(row, Dropped) else (row,)

    def _joined_rows(self, root: Path) -> Iterator[tuple[str, Row | Dropped]]:
        tables = [join.table(root) for join in self.joins]
        for row in self.rows(root):
            found: Row | None = row
            for table in tables:
                found = table.of_item(found) if found is not None else None
            name = filled(self.item or self.image.replace("**/", ""), found or row)
            yield name, found if found is not None else Dropped(name, "no_row", "of a joined table")

    def read(self, pending: _TableItem, root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with all that its rows say."""
        if isinstance(pending, Dropped):
            return pending
        name, rows, object_rows = pending
        record = item_picture(self.image, name, rows[0], root)
        if isinstance(record, Dropped):
            return record
        marked = self._marked(record, rows, object_rows, root)
        if isinstance(marked, Dropped):
            return marked
        texts = [each.of_rows(rows, name, root) for each in self.texts]
        dropped = next((each for each in texts if isinstance(each, Dropped)), None)
        if dropped:
            return dropped
        found = tuple(text for each in texts if not isinstance(each, Dropped) for text in each)
        labels = marked.labels
        for each in self.labels:
            labels = labels | each.of_rows(rows, name)
        return (replace(marked, labels=labels, texts=found),)

    def _marked(
        self, record: Record, rows: tuple[Row, ...], object_rows: tuple[tuple[Row, ...], ...], root: Path
    ) -> Record | Dropped:
        shown = Shown(record.original_id, root, size_of(record.picture))
        found = [
            *(each.of_rows(rows, shown) for each in self.objects),
            *(each.of_rows(its_rows, shown) for each, its_rows in zip(self.object_tables, object_rows, strict=True)),
            *(each.of_item(record.original_id, rows[0], root, shown.size) for each in self.masks),
        ]
        for each in found:
            if isinstance(each, Dropped):
                return each
            record = replace(record, marks=(*record.marks, *each[0]), labels=record.labels | each[1])
        return record


def _by_key(table: ObjectTable, root: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in table.rows(root):
        found.setdefault(filled(table.key, row), []).append(row)
    return found
