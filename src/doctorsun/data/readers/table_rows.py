"""Rows that an adapter names: of tables, of a JSON or XML file per item, filtered and with their texts taken apart."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from pydantic import Field, field_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.tables import rows
from doctorsun.errors import DataError

Row = dict[str, str]


class XmlRows(Section):
    """How an XML document becomes rows; paths are those of ElementTree, and end with ``/@name`` for an attribute."""

    each: str = "."
    """The elements that are a row each."""
    columns: dict[str, str]
    """Column to the path of its text: from the row's element if it begins with ``./``, else from the document. Several
    texts are joined by ``|``."""

    def rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a document.

        Raises:
            DataError: it is not XML, or tries to open other files.
        """
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import parse

        try:
            document: Element | None = parse(path).getroot()
        except (ParseError, DefusedXmlException, OSError) as error:
            raise DataError(f"{path}", got=str(error), expected="an XML document") from error
        if document is not None:
            for element in document.iterfind(self.each):
                places = (
                    (name, place, element if place.startswith("./") else document)
                    for name, place in self.columns.items()
                )
                yield {name: "|".join(_texts(start, place)) for name, place, start in places}


def _texts(element: Element, place: str) -> Iterator[str]:
    path, _, attribute = place.partition("/@")
    for found in element.iterfind(path or "."):
        text = found.get(attribute, "") if attribute else "".join(found.itertext())
        if text := " ".join(text.split()):
            yield text


class Rows(Section):
    """Tables, and what is taken from them."""

    files: str
    """Pattern of the tables, or of XML documents with ``xml``; its named parts are columns too."""
    xml: XmlRows | None = None
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Column to the values with which a row counts; rows with others are passed over."""
    parts: dict[str, str] = Field(default_factory=dict)
    """Column to a regular expression whose named groups become further columns; it must match all of the text."""

    @field_validator("parts")
    @classmethod
    def _parts_have_names(cls, parts: dict[str, str]) -> dict[str, str]:
        for column, expression in parts.items():
            try:
                names = re.compile(expression).groupindex
            except re.error as error:
                raise ValueError(f"{column} is no regular expression: {error}") from error
            if not names:
                raise ValueError(f"{column} has no named group (?P<name>...)")
        return parts

    def rows(self, root: Path) -> Iterator[Row]:
        """Yield the rows that count, file by file.

        Raises:
            DataError: there is no such file, it cannot be read, a column is missing or its text is unlike ``parts``.
        """
        for path, fields in PathPattern(self.files).find(root):
            for row in self.xml.rows(path) if self.xml else rows(path):
                named = fields | row
                if all(self._column(named, name, path).strip() in values for name, values in self.where.items()):
                    yield named | self._parts_of(row, path)

    def _parts_of(self, row: Row, path: Path) -> Row:
        found: Row = {}
        for column, expression in self.parts.items():
            text = self._column(row, column, path)
            match = re.fullmatch(expression, text)
            if match is None:
                raise DataError(
                    f"{path}: {column}", got=repr(text), expected=f"text like {expression}", do="correct parts"
                )
            found |= {name: part or "" for name, part in match.groupdict().items()}
        return found

    def _column(self, row: Row, name: str, path: Path) -> str:
        if name not in row:
            raise DataError(
                f"{path}", got=f"no column '{name}'", expected="one of " + ", ".join(row), do="correct the adapter"
            )
        return row[name]


class Join(Rows):
    """A second table with a row for each item, such as its patient or its split."""

    key: str
    """What the rows are looked up by: a template of this table's columns."""
    on: str
    """The same, of the columns that an item has already."""
    columns: tuple[str, ...] = ()
    """Columns that are taken; all when not given."""
    required: bool = True
    """Whether an item without a row is dropped; if not, the columns are empty."""

    def table(self, root: Path) -> "JoinedTable":
        """Read the table.

        Raises:
            DataError: as of `rows`, or two rows have the same key.
        """
        found: dict[str, Row] = {}
        for row in self.rows(root):
            key = filled(self.key, row)
            taken = {name: self._column(row, name, root / self.files) for name in self.columns} or row
            if found.setdefault(key, taken) != taken:
                raise DataError(f"{root / self.files}", got=f"two rows of {key}", expected="one", do="correct join.key")
        return JoinedTable(self, found)


class JoinedTable:
    """A join whose table was read."""

    def __init__(self, join: Join, by_key: Mapping[str, Row]) -> None:
        self._join = join
        self._by_key = by_key
        self._nothing = dict.fromkeys(next(iter(by_key.values()), {}), "")

    def of_item(self, row: Row) -> Row | None:
        """Return a row with the columns of this table, which do not replace its own; None where it has to be dropped.

        Raises:
            DataError: ``on`` names an unknown column.
        """
        found = self._by_key.get(filled(self._join.on, row))
        if found is None and self._join.required:
            return None
        return (found or self._nothing) | row
