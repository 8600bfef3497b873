"""Options that are gathered in dataclasses, and become one command."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from doctorsun.cli.flattened import flattened


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option(help="In pixels.")] = 3
    tall: Annotated[bool, typer.Option("--tall", help="Is tall.")] = False


@dataclass(frozen=True, kw_only=True)
class Colour:
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Of the colour.")] = None


def paint(context: typer.Context, what: str, *, size: Size, colour: Colour, loud: bool = False) -> None:
    """Paint something."""
    typer.echo(f"{context.info_name} {what} {size} {colour} {loud}")


app = typer.Typer()
app.command()(flattened(paint, "size", "colour"))


def test_each_field_is_an_option_of_the_command():
    done = CliRunner().invoke(app, ["wall", "--width", "5", "--tall", "--name", "red", "--loud"])
    assert done.output == "paint wall Size(width=5, tall=True) Colour(name='red') True\n"


def test_fields_keep_their_defaults():
    done = CliRunner().invoke(app, ["wall"])
    assert done.output == "paint wall Size(width=3, tall=False) Colour(name=None) False\n"


def test_the_help_is_the_functions_and_the_fields():
    text = CliRunner().invoke(app, ["--help"]).output
    for words in ("Paint something.", "In pixels.", "Is tall.", "Of the colour."):
        assert words in text
    assert "--size" not in text
