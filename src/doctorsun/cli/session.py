"""What the commands of one call share: the language of their messages, and the options that many of them have."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

Language = Literal["zh", "en"]


@dataclass(slots=True)
class Session:
    """One call of the command line."""

    language: Language


Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one setting of the recipe, such as stages.align.lr=3e-4; 'init' stands for model.init.",
    ),
]
RunFolder = Annotated[
    Path | None, typer.Option("--out", metavar="RUN", help="Folder of the run; runs/<recipe name> when not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a shipped recipe, or a YAML file.")]


def language_of(environ: Mapping[str, str]) -> Language:
    """Return the language that the locale variables ask for: Chinese where they say so, else English."""
    wanted = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if wanted.lower().startswith("zh") else "en"
