"""Commands that carry out recipes: run, train, check, and doctor for the machine."""

from dataclasses import asdict
from typing import Annotated

import typer

from doctorsun.cli.hub import Locked, Offline, rules_of
from doctorsun.cli.printing import print_json, print_notes
from doctorsun.cli.session import AsJson, RecipeName, RunFolder, Session, Settings
from doctorsun.cli.words import say

# Written out: a recipe is slow to import.
STAGES = "vision-pretrain, pretrain, text-instruct, align, deep-align, instruct or prefer"


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
        rules=rules_of(locked=locked, offline=offline),
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

    rules = rules_of(locked=locked, offline=offline)
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
    loaded = load_checked(recipe, settings or [], rules=rules_of(locked=locked, offline=offline))
    print_notes(notes(loaded), session.language)
    if as_json:
        print_json(loaded.model_dump(mode="json"))
    else:
        stages = ", ".join(f"{name} ({stage.duration})" for name, stage in loaded.stages.items())
        typer.echo(say("recipe_ok", session.language, name=loaded.name))
        typer.echo(say("recipe_stages", session.language, stages=stages))
        typer.echo(say("recipe_sources", session.language, sources=", ".join(loaded.data.sources)))


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
