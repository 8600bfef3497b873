"""Scores that others published: beside ours with their source and protocol, never ranked with them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[1] / "published_scores.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedColumn:
    """One column of a published table: what it calls the task, and what a reader must know."""

    title: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """The part of a published table that is about one of our tasks.

    Attributes:
        rows: name of the system, and its scores in percent, one per column, None where there is none; in the
            order of the source.
    """

    source: str
    protocol: str
    columns: tuple[PublishedColumn, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain JSON."""
        return asdict(self)


def published_tables(task: str) -> list[PublishedTable]:
    """Return what others published on a task, one table per source and protocol."""
    return [table for block in _blocks() if (table := _table(block, task))]


@cache
def _blocks() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def _table(block: dict[str, Any], task: str) -> PublishedTable | None:
    columns = {title: facts for title, facts in block["columns"].items() if task in facts["tasks"]}
    if not columns:
        return None
    return PublishedTable(
        source=block["source"],
        protocol=block["protocol"],
        columns=tuple(PublishedColumn(title=title, note=facts.get("note", "")) for title, facts in columns.items()),
        rows=tuple(_rows(block["rows"], list(columns))),
    )


def _rows(rows: dict[str, dict[str, float]], columns: list[str]) -> Iterator[tuple[str, tuple[float | None, ...]]]:
    for name, scores in rows.items():
        if any(column in scores for column in columns):
            yield name, tuple(scores.get(column) for column in columns)
