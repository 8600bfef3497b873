"""Printing of results: JSON for programs, tables for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer

from doctorsun.cli.session import Language
from doctorsun.cli.words import column, say

PIPE_WIDTH = 160
"""Characters of a table line where the output is no terminal."""


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_rows(rows: Iterable[Mapping[str, Any]], language: Language = "en") -> None:
    """Print rows as a table; the keys of the first one are the columns, with headings in a language."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = list(rows)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in cells[0] if cells else ():
        is_number = all(isinstance(row[name], int | float) for row in cells)
        table.add_column(
            Text(column(name, language).replace("_", " ")), justify="right" if is_number else "left", overflow="fold"
        )
    for row in cells:
        table.add_row(*(Text(show(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one pair a line; nested ones and lists are indented."""
    typer.echo("\n".join(_lines(facts, indent="")))


def print_notes(lines: Iterable[str], language: Language) -> None:
    """Print remarks beside the result, on standard error."""
    for line in lines:
        typer.echo(f"{say('note', language)}: {line}", err=True)


def show(value: Any) -> str:
    """Write one value for people: thousands apart, fractions with three digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _lines(facts: Mapping[str, Any], indent: str) -> Sequence[str]:
    lines: list[str] = []
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}:", *_lines(value, f"{indent}  ")]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines += [f"{indent}{name}:", *(f"{indent}  {show(each)}" for each in value)]
        else:
            lines.append(f"{indent}{name:<{width}}  {show(value)}")
    return lines
