"""Commands on weights: inspect."""

from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.printing import print_facts, print_json
from doctorsun.cli.session import AsJson

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look into folders of weights.")


@app.callback()
def weights() -> None:
    """Look into folders of weights."""


@app.command()
def inspect(
    folder: Annotated[Path, typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Describe weights from their headers."""
    from doctorsun.weights.folder import find_weights

    weights_folder = find_weights(folder)  # before the slow import
    from doctorsun.weights.hugging_face import inspect as inspect_weights

    facts = inspect_weights(weights_folder)
    print_json(facts) if as_json else print_facts(facts)
