"""Commands that time things: startup, train, data, eval."""

from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.printing import print_facts, print_json, print_rows
from doctorsun.cli.session import AsJson, RecipeName, Settings
from doctorsun.cli.task_folders import TaskFolders, task_folders

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Time this machine and this package.")


@app.command()
def startup(*, as_json: AsJson = False) -> None:
    """Time 'import doctorsun' and 'doctorsun --help'."""
    from doctorsun.bench.startup import measure_startup

    facts = measure_startup()
    print_json(facts) if as_json else print_facts(facts)


@app.command()
def train(
    recipe: RecipeName = "tiny",
    settings: Settings = None,
    *,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Time its last stage's step with one lever off at a time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Time the training of a recipe.

    Against the matrix product of this machine, measured in the same run.
    """
    from doctorsun.recipes.check import load_checked

    loaded = load_checked(recipe, settings or [])
    if ablation:
        from doctorsun.bench.levers import measure_levers
        from doctorsun.bench.train import shorten

        rows = measure_levers(shorten(loaded))
        print_json(rows) if as_json else print_rows(rows)
        return
    from doctorsun.bench.train import measure_training

    facts = measure_training(loaded)
    print_json(facts) if as_json else print_facts(facts)


@app.command()
def data(
    *,
    curate: Annotated[
        bool, typer.Option("--curate", help="Time curation instead of import, and foretell 5.5 million pairs.")
    ] = False,
    pairs: Annotated[int, typer.Option("--pairs", min=1, help="Pairs of each timed run.")] = 10_000,
    more: Annotated[int, typer.Option("--more", min=0, help="Pairs of one larger run, to compare memory.")] = 0,
    pairings: Annotated[int, typer.Option("--pairings", min=1, help="Comparisons of one worker with two.")] = 5,
    scratch: Annotated[
        Path | None, typer.Option("--scratch", metavar="DIR", help="Disk to work on, about 60 kB a pair.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time the import, or the curation, of image-text pairs.

    Each pair is a distinct 336-pixel JPEG with one conversation.
    """
    if curate:
        from doctorsun.bench.curation import measure_curation

        facts = measure_curation(num_pairs=pairs, num_more=max(more, 2 * pairs), scratch=scratch)
        print_json(facts) if as_json else print_facts(facts)
        return
    from doctorsun.bench.data import measure_data

    facts = measure_data(num_pairs=pairs, num_more=more, pairings=pairings, scratch=scratch)
    print_json(facts) if as_json else print_facts(facts)


@app.command("eval")
def evaluation(
    weights: Annotated[Path, typer.Argument(metavar="RUN|WEIGHTS", help="A run, or a folder of weights.")],
    tasks: TaskFolders,
    *,
    passes: Annotated[int, typer.Option("--passes", min=1, help="Readings of all questions, either way.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Time the answering of a task's questions.

    Against transformers' processor and 'generate', one question after the other, with the same network.
    """
    from doctorsun.bench.evaluation import measure_evaluation

    rows = measure_evaluation(weights, task_folders(tasks), lambda line: typer.echo(line, err=True), num_passes=passes)
    print_json(rows) if as_json else print_rows(rows)
