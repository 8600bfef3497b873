"""JSON files read record by record: arrays, JSON Lines and objects of records, however large the file is.

An array is read by ijson (its C backend holds one record at a time), lines by the standard library, which is faster.
"""

import codecs
import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

from doctorsun.data.readers.encoding import encoding_of, open_text
from doctorsun.errors import DataError

MAX_LINE = 1 << 28
"""Characters of the longest line of JSON Lines: a record that large is no record."""
_SPACE = " \t\r\n"
_OPENS_VALUE = '["-0123456789tfn'
_LONGEST_ODD_LINE = 1 << 12
_STRING_OR_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')


def stream_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the values of a JSON array, of JSON Lines or of ``{NAME: {...}}``, each with its place in the file.

    Which of them a file is, its beginning tells, not its name. A record that has a name and no ``id`` gets it as one.
    Whether each value is a record is for others to say.

    Raises:
        DataError: the file cannot be read, is neither, or is cut off or damaged.
    """
    first = _first_character(path)
    if first and first in _OPENS_VALUE and _is_lines(path):
        yield from _lines(path)
    elif first == "[":
        for number, value in enumerate(_items(path), start=1):
            yield f"record {number}", value
    elif first == "{" and _is_named(path):
        for name, value in stream_named_records(path):
            yield f"'{name}'", {"id": name} | value if isinstance(value, dict) else value
    elif first == "{":
        yield from _lines(path)
    else:
        raise DataError(
            f"{path}",
            got=f"a file that begins with {first!r}" if first else "an empty file",
            expected="a JSON array of records, or one record per line",
        )


def stream_named_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the values of a JSON object ``{NAME: {...}}``, each with its name.

    Raises:
        DataError: the file cannot be read, is no object, or is cut off or damaged.
    """
    import ijson

    if _first_character(path) != "{":
        raise DataError(f"{path}", got="no JSON object", expected="an object of named records")
    done = _Count()
    with _utf8(path) as file, _damage_told(path, done):
        for name, value in ijson.kvitems(file, "", use_float=True):
            done.records += 1
            yield name, value


def read_forgiving_json(path: Path) -> Any:
    """Return the content of a small JSON file that people write by hand: a comma may stand behind the last element.

    Raises:
        DataError: the file cannot be read or is no JSON.
    """
    with open_text(path) as file:
        text = file.read()
    try:
        return json.loads(_STRING_OR_LAST_COMMA.sub(lambda match: match[1] or "", text))
    except ValueError as error:
        raise DataError(f"{path}", got=str(error), expected="JSON") from error


class _Count:
    """How many records were read before a fault."""

    records = 0


class _Transcoded:
    """A text file read as UTF-8 bytes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next characters; none at the end."""
        return self._file.read(size).encode()


@contextmanager
def _utf8(path: Path) -> Generator[IO[bytes] | _Transcoded]:
    """Open a file as UTF-8 bytes without a byte order mark, whatever its encoding is."""
    if encoding_of(path) == "utf-8-sig" and path.suffix != ".gz":
        with path.open("rb") as file:
            if file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            yield file
    else:
        with open_text(path) as text:
            yield _Transcoded(text)


@contextmanager
def _damage_told(path: Path, done: _Count) -> Generator[None]:
    import ijson

    try:
        yield
    except (ijson.JSONError, UnicodeError, ValueError) as error:
        reason = " ".join(str(error).split()).removesuffix("(right here) ------^").strip()
        raise DataError(
            f"{path}, record {done.records + 1}",
            got="the end of the file" if "premature EOF" in reason else reason,
            expected="a whole JSON record",
            do="get the file anew: it is cut off or damaged",
        ) from error


def _first_character(path: Path) -> str:
    if not path.is_file():
        raise DataError(f"{path}", got="no such file", expected="a JSON file")
    with open_text(path) as file:
        while piece := file.read(4096):
            if text := piece.lstrip(_SPACE):
                return text[0]
    return ""


def _is_named(path: Path) -> bool:
    """Tell whether a file is one object of records: its first line is a part of it, or all of it and records only."""
    with open_text(path) as file:
        lines = (line for line in iter(lambda: file.readline(MAX_LINE), "") if line.strip())
        first, second = next(lines), next(lines, "")
    try:
        record: Any = json.loads(first)
    except ValueError:
        return True
    holds_records = isinstance(record, dict) and all(isinstance(value, dict) for value in record.values())
    return holds_records and bool(record) and not second


def _is_lines(path: Path) -> bool:
    """Tell whether a file that does not begin as a record holds a value per line: its first is one, and more follow."""
    with open_text(path) as file:
        lines = (line for line in iter(lambda: file.readline(_LONGEST_ODD_LINE), "") if line.strip())
        first, second = next(lines), next(lines, "")
    try:
        json.loads(first)
    except ValueError:
        return False
    return second.lstrip()[:1] in tuple(_OPENS_VALUE + "{")


def _items(path: Path) -> Iterator[Any]:
    import ijson

    done = _Count()
    with _utf8(path) as file, _damage_told(path, done):
        for record in ijson.items(file, "item", use_float=True):
            yield record
            done.records += 1


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    with open_text(path) as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                value: Any = json.loads(line)
            except ValueError as error:
                raise DataError(
                    f"{path}, line {number}",
                    got=str(error),
                    expected="one JSON record per line",
                    do="get the file anew if it is cut off",
                ) from error
            yield f"line {number}", value
