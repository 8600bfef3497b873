"""Commands that carry out recipes: run, train, check, plan, and doctor for the machine."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doctorsun.cli.hub import Locked, Offline
from doctorsun.cli.printing import print_facts, print_json, print_rows
from doctorsun.cli.session import AsJson, RecipeName, Session, Settings
from doctorsun.cli.words import say

if TYPE_CHECKING:
    from doctorsun.storage.hub.pull import PullRules

STAGES = "vision-pretrain, pretrain, align, deep-align or instruct"  # written out: a recipe is slow to import
RunFolder = Annotated[
    Path | None, typer.Option("--out", metavar="RUN", help="Folder of the run; runs/<recipe name> when not given.")
]


def run(
    context: typer.Context,
    recipe: RecipeName,
    out: RunFolder = None,
    settings: Settings = None,
    *,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Do all that a recipe declares.

    Run it again to go on after an interruption.
    """
    from rich.console import Console

    from doctorsun.recipes.run import run as run_recipe

    session: Session = context.obj
    folder = run_recipe(
        recipe,
        out=out,
        overrides=settings or [],
        console=Console(stderr=as_json),
        language=session.language,
        rules=_rules(locked=locked, offline=offline),
    )
    if as_json:
        typer.echo((folder / "report.json").read_text(encoding="utf-8"))


def train(
    recipe: RecipeName,
    stage: Annotated[str, typer.Option(metavar="NAME", help=f"The stage: {STAGES}.")],
    out: RunFolder = None,
    settings: Settings = None,
    *,
    locked: Locked = False,
    offline: Offline = False,
) -> None:
    """Train a recipe up to one of its stages.

    The stages before it are trained first where they are not done.
    """
    from rich.console import Console

    from doctorsun.recipes.run import run_stage

    rules = _rules(locked=locked, offline=offline)
    run_stage(recipe, stage, out=out, overrides=settings or [], console=Console(), rules=rules)


def check(
    context: typer.Context,
    recipe: RecipeName,
    settings: Settings = None,
    *,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Check a recipe without doing any work.

    With --json, print it with every setting filled in.
    """
    from doctorsun.recipes.check import load_checked, notes

    session: Session = context.obj
    loaded = load_checked(recipe, settings or [], rules=_rules(locked=locked, offline=offline))
    _print_notes(notes(loaded), session)
    if as_json:
        print_json(loaded.model_dump(mode="json"))
    else:
        stages = ", ".join(f"{name} ({stage.steps:,})" for name, stage in loaded.stages.items())
        typer.echo(say("recipe_ok", session.language, name=loaded.name))
        typer.echo(say("recipe_stages", session.language, stages=stages))
        typer.echo(say("recipe_sources", session.language, sources=", ".join(loaded.data.sources)))


def plan(
    context: typer.Context,
    recipe: RecipeName,
    out: RunFolder = None,
    settings: Settings = None,
    *,
    locked: Locked = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Foretell what each stage of a recipe will need.

    Steps, samples, parameters, memory and disk; of weights that it starts from, also what has to be fetched; where the
    data is built, also what each stage learns from, in samples and tokens by source, domain and language. Time is
    measured when it runs.
    """
    from doctorsun.recipes.check import load_checked_document, notes
    from doctorsun.recipes.plan import plan as plan_recipe
    from doctorsun.recipes.plan import start_row
    from doctorsun.recipes.realised import share_tables
    from doctorsun.recipes.start import plan_start

    rules = _rules(locked=locked, offline=offline)
    loaded, document = load_checked_document(recipe, settings or [], rules=rules)
    start = plan_start(loaded, rules, document)
    rows = plan_recipe(loaded, out or Path("runs") / loaded.name, start)
    first = [] if start is None else [start_row(start)]
    _print_notes(notes(loaded), context.obj)
    if as_json:
        print_json([*first, *rows])
        return
    for row in first:
        print_facts(row)
        typer.echo("")
    mixtures = {row["stage"]: row.pop("mixture") for row in rows}
    print_rows(rows)
    for shares in share_tables(mixtures):
        typer.echo("")
        print_rows(shares)
    if None in mixtures.values():
        _print_notes([say("mixture_unknown", context.obj.language)], context.obj)


def doctor(*, as_json: AsJson = False) -> None:
    """Examine this machine.

    Python, memory, disk, PyTorch, and in which precision it computes fast.
    """
    from doctorsun.recipes.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(each) for each in findings])
    else:
        for each in findings:
            typer.echo(f"{'ok ' if each.ok else 'NOT'}  {each.name:<10}  {each.detail}")
    if not all(each.ok for each in findings):
        raise typer.Exit(3)


def _rules(*, locked: bool, offline: bool) -> "PullRules":
    """Return what a recipe may pull from hubs."""
    from doctorsun.storage.hub.materialise import is_offline
    from doctorsun.storage.hub.pull import PullRules

    return PullRules(locked=locked, offline=offline or is_offline())


def _print_notes(lines: Iterable[str], session: Session) -> None:
    """Print remarks beside the result, on standard error."""
    for line in lines:
        typer.echo(f"{say('note', session.language)}: {line}", err=True)
