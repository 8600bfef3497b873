"""The table of a comparison of two models."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from doctorsun.cli.printing import print_json, print_rows

if TYPE_CHECKING:
    from doctorsun.recipes.compare_evaluations import ComparedEvaluations


def print_comparison(compared: "ComparedEvaluations", *, as_json: bool) -> None:
    """Print everything as JSON, or the headlines as a table with what it takes to read them."""
    from doctorsun.recipes.compare_evaluations import NOTES, table_row

    if as_json:
        print_json(asdict(compared))
        return
    print_rows(table_row(row) for row in compared.rows if row.p_holm is not None)
    for line in (*compared.remarks, *NOTES):
        typer.echo(line)
