"""Commands that time things: startup, train, data, eval, serve."""

import os
from pathlib import Path
from typing import Annotated

import typer

from doctorsun.cli.printing import print_facts, print_json, print_rows
from doctorsun.cli.session import AsJson, RecipeName, Session, Settings
from doctorsun.cli.task_folders import TaskFolders, task_folders
from doctorsun.errors import RecipeError

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


@app.command()
def serve(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="RUN|WEIGHTS|URL", help="What to serve, or a server that runs.")],
    *,
    streams: Annotated[int, typer.Option("--streams", min=1, help="Requests that are open at any time.")] = 16,
    requests: Annotated[int, typer.Option("--requests", min=1, help="Requests of each pass.")] = 96,
    passes: Annotated[int, typer.Option("--passes", min=1, help="Passes over each server, in turns.")] = 3,
    in_time: Annotated[
        tuple[float, float],
        typer.Option("--in-time", metavar="TTFT TPOT", help="Longest seconds to the first words, and per token."),
    ] = (2.0, 0.1),
    peer: Annotated[bool, typer.Option("--peer", help="Measure 'transformers serve' beside it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Time a server under load.

    Each request shows a drawn picture of its own; half of them ask for long answers. The key of a server at URL stands
    in DOCTORSUN_API_KEY.
    """
    from doctorsun.bench.serving import Load, measure_serving, measure_url

    session: Session = context.obj
    max_ttft_s, max_tpot_s = in_time
    load = Load(
        num_streams=streams, num_requests=requests, num_passes=passes, max_ttft_s=max_ttft_s, max_tpot_s=max_tpot_s
    )
    if not model.startswith(("http://", "https://")):
        facts = measure_serving(Path(model), load, with_peer=peer)
    elif peer:
        raise RecipeError("--peer", got="a URL", expected="weights, which both servers load", do="name their folder")
    else:
        facts = measure_url(model, load, api_key=os.environ.get("DOCTORSUN_API_KEY"))
    if as_json:
        print_json(facts)
        return
    print_rows(facts["servers"], session.language)
    if "comparison" in facts:
        print_rows([facts["comparison"]], session.language)
