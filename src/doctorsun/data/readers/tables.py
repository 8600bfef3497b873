"""Tables: CSV, TSV, XLSX, JSON, JSONL and Parquet files as rows of named values.

A JSON file that holds an object is a table of one record. A column without a name is left out (CMMLU and ChestX-ray14
have one), and so are blank rows. Of a workbook the first sheet is read.
"""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from doctorsun.data.readers.encoding import open_text
from doctorsun.errors import DataError

_MAX_FIELD = 1 << 27  # characters; Python's own limit of 131,072 is less than some reports with embedded tables
_PARQUET_ROWS = 64
Record = dict[str, Any]


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a table, every value as text; null and NaN are empty, and truth is ``true`` or ``false``.

    Nested values are reached as ``a.b.c``; a list of them is its JSON text.

    Raises:
        DataError: as of `records`.
    """
    for _, record in records(path):
        yield flat(record)


def records(path: Path) -> Iterator[tuple[str, Record]]:
    """Yield each record as it stands in its file, with its place for messages: ``/data/a.csv, line 7``.

    Raises:
        DataError: as of `table_values`, or a record is no object.
    """
    for place, value in table_values(path):
        if not isinstance(value, dict):
            raise DataError(place, got=type(value).__name__, expected="a JSON object")
        yield place, value


def table_values(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a table, as `records` does, also a value of a JSON file that is no record.

    Raises:
        DataError: the file is not there, of no known kind, damaged or without records; or a row has another number
            of values than there are columns.
    """
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    read = _READERS.get(kind.lower())
    if read is None:
        raise DataError(f"{path}", got=f"a file of kind '{kind}'", expected="a table: " + ", ".join(_READERS))
    if not path.is_file():
        raise DataError(f"{path}", got="no such file", expected="a table")
    num_records = 0
    for place, value in read(path):
        num_records += 1
        yield f"{path}, {place}", value
    if not num_records:
        raise DataError(f"{path}", got="no records", expected="at least one")


def headless_values(path: Path, header: Sequence[str]) -> Iterator[tuple[str, Record]]:
    """Yield the rows of a CSV file that names no columns, each with its place, as `records` does.

    Raises:
        DataError: the file is damaged, or a row has another number of values than the header.
    """
    csv.field_size_limit(_MAX_FIELD)
    with open_text(path) as file:
        lines = csv.reader(file, strict=True)
        try:
            for values in lines:
                if any(values):
                    place = f"{path}, line {lines.line_num}"
                    yield place, _row(place, header, values)
        except csv.Error as error:
            place = f"{path}, line {lines.line_num}"
            raise DataError(place, got=str(error), expected="values between ','") from error


def flat(record: Record) -> dict[str, str]:
    """Return a record's values as text, nested ones under ``a.b.c``."""
    found: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": text for inner, text in flat(value).items()}
        else:
            found[str(name)] = as_text(value)
    return found


def as_text(value: Any) -> str:
    """Return a value as text: nothing for null and NaN, JSON for lists and truth, ``7`` for 7.0."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _read_csv(path: Path) -> Iterator[tuple[str, Record]]:
    return _read_delimited(path, ",")


def _read_tsv(path: Path) -> Iterator[tuple[str, Record]]:
    return _read_delimited(path, "\t")


def _read_delimited(path: Path, delimiter: str) -> Iterator[tuple[str, Record]]:
    csv.field_size_limit(_MAX_FIELD)
    with open_text(path) as file:
        lines = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = _header(path, next(lines, []))
            line = lines.line_num + 1
            for values in lines:
                if any(values):
                    yield f"line {line}", _row(f"{path}, line {line}", header, values)
                line = lines.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}, line {lines.line_num}", got=str(error), expected=f"values between '{delimiter}'"
            ) from error


def _read_xlsx(path: Path) -> Iterator[tuple[str, Record]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(f"{path}", got=str(error), expected="an XLSX workbook") from error
    try:
        lines = book.worksheets[0].iter_rows(values_only=True)
        header = _header(path, [as_text(value) for value in next(lines, ())])
        for number, values in enumerate(lines, start=2):
            cells = [*values, *[None] * (len(header) - len(values))]
            if any(cell is not None for cell in cells):
                yield f"row {number}", _row(f"{path}, row {number}", header, cells)
    finally:
        book.close()


def _read_json(path: Path) -> Iterator[tuple[str, Any]]:
    with open_text(path) as file:
        try:
            content: Any = json.load(file)
        except ValueError as error:
            raise DataError(f"{path}", got=str(error), expected="a JSON list of records") from error
    if not isinstance(content, list | dict):
        raise DataError(f"{path}", got=type(content).__name__, expected="a JSON list of records, or one record")
    for number, value in enumerate(content if isinstance(content, list) else [content], start=1):
        yield f"record {number}", value


def _read_jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value: Any = json.loads(line)
            except ValueError as error:
                place = f"{path}, line {number}"
                raise DataError(place, got=str(error), expected="a JSON object per line") from error
            yield f"line {number}", value


def _read_parquet(path: Path) -> Iterator[tuple[str, Record]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_PARQUET_ROWS):
                for number, record in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020 (goes on counting)
                    yield f"row {number}", record
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}", got=str(error), expected="a Parquet file") from error


_READERS: dict[str, Callable[[Path], Iterable[tuple[str, Any]]]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".xlsx": _read_xlsx,
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
}
SUFFIXES = tuple(_READERS)
"""How the names of tables end; text tables may be gzip files too (``.csv.gz``)."""


def _header(path: Path, names: Sequence[str]) -> list[str]:
    header = [name.strip() for name in names]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if not any(header) or twice:
        got = "no names of columns" if not twice else "twice the column " + ", ".join(twice)
        raise DataError(f"{path}", got=got, expected="a first line that names each column once")
    return header


def _row(place: str, header: Sequence[str], values: Sequence[Any]) -> Record:
    surplus = [value for value in islice(values, len(header), None) if value not in (None, "")]
    if surplus or len(values) < len(header):
        raise DataError(
            place,
            got=f"{len(values)} values",
            expected=f"{len(header)}, one for each column",
            do="put values that hold a delimiter or a line end into quotation marks",
        )
    return {name: value for name, value in zip(header, values, strict=False) if name}
