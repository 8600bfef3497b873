"""Rows of a file of predictions: Parquet, JSON lines or CSV, as other systems write them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.errors import DataError, RecipeError

Rows = tuple[list[str], list[dict[str, Any]]]


def rows_of(path: Path) -> Rows:
    """Return the columns of a file and its rows; a value that is not there is None.

    A cell of a CSV file that holds a JSON list is that list; any other is its text, and an empty one is not there.

    Raises:
        RecipeError: there is no such file, or its name ends otherwise.
        DataError: it cannot be read; the message names the line.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None or not path.is_file():
        got = "a folder" if path.is_dir() else "no such file" if read else f"the ending '{path.suffix}'"
        raise RecipeError(
            f"predictions {path}",
            got=got,
            expected=_EXPECTED,
            do="name a file such as RUN/eval/TASK/predictions.parquet",
        )
    return read(path)


def _parquet(path: Path) -> Rows:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"predictions {path}", got=str(error), expected="a readable Parquet file") from error
    return table.column_names, table.to_pylist()


def _json_lines(path: Path) -> Rows:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            rows.append(_json_row(line, f"{path}:{number}"))
    return list(dict.fromkeys(name for row in rows for name in row)), rows


def _json_row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        do = _ONE_A_LINE if line.startswith("[") else ""
        raise DataError(place, got=str(error), expected="one JSON object on each line", do=do) from error
    if not isinstance(row, dict):
        raise DataError(place, got=type(row).__name__, expected="one JSON object on each line", do=_ONE_A_LINE)
    return row


def _csv(path: Path) -> Rows:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        rows = [_csv_row(row, f"{path}:{reader.line_num}") for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}", got=str(error), expected="a readable CSV file") from error
    names = list(reader.fieldnames or ())
    if len(names) == 1 and (found := next((mark for mark in _OTHER_MARKS if mark in names[0]), None)):
        got, do = f"columns divided by {found!r}", "save it with commas"
        raise DataError(f"predictions {path}", got=got, expected="columns divided by commas", do=do)
    return names, rows


def _csv_row(row: dict[str | None, Any], place: str) -> dict[str, Any]:
    if None in row:
        raise DataError(place, got="more cells than columns", expected="one cell for each column")
    return {str(name): _csv_cell(cell) for name, cell in row.items()}


def _csv_cell(cell: str | None) -> Any:
    if not cell:
        return None
    if cell.startswith("[") and cell.endswith("]"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        do = f"save it as UTF-8; if it is GBK: iconv -f GB18030 -t UTF-8 {path.name} > utf8{path.suffix}"
        raise DataError(f"{path}:{line}", got="text in another encoding", expected="text in UTF-8", do=do) from error
    except OSError as error:
        raise DataError(f"predictions {path}", got=str(error), expected="a readable file") from error


_READERS: dict[str, Callable[[Path], Rows]] = {".parquet": _parquet, ".jsonl": _json_lines, ".csv": _csv}
_ONE_A_LINE = "write each answer of the list on a line of its own, for example with 'jq -c .[]'"
_OTHER_MARKS = (";", "\t", "|")
_EXPECTED = "a file of predictions: .parquet, .jsonl or .csv"
