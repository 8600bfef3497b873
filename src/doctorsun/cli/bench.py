"""Commands that time things: startup, train."""

import typer

from doctorsun.cli.printing import print_facts, print_json
from doctorsun.cli.session import AsJson, RecipeName, Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Time this machine and this package.")


@app.command()
def startup(*, as_json: AsJson = False) -> None:
    """Time 'import doctorsun' and 'doctorsun --help'."""
    from doctorsun.bench.startup import measure_startup

    facts = measure_startup()
    print_json(facts) if as_json else print_facts(facts)


@app.command()
def train(recipe: RecipeName = "tiny", settings: Settings = None, *, as_json: AsJson = False) -> None:
    """Time the training of a recipe.

    Against the matrix product of this machine, measured in the same run.
    """
    from doctorsun.bench.train import measure_training
    from doctorsun.recipes.check import load_checked

    facts = measure_training(load_checked(recipe, settings or []))
    print_json(facts) if as_json else print_facts(facts)
