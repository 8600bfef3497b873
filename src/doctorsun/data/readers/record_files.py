"""Files of records of every kind, read record by record however large they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctorsun.data.readers.json_stream import stream_records
from doctorsun.data.readers.tables import table_values

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")


def file_values(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield what stands in a file, each with its place for messages: ``/data/a.json, record 7``.

    What stands where a record should be is yielded as it is, also where it is none.

    Raises:
        DataError: as of `stream_records` for JSON, and of `table_values` for other tables.
    """
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind.lower() not in JSON_SUFFIXES:
        yield from table_values(path)
        return
    for place, value in stream_records(path):
        yield f"{path}, {place}", value
