"""Carry out a recipe: data, stages, weights, evaluation, report, dialogues; each done once, resumable anywhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from doctorsun.config import Recipe, StageName
from doctorsun.errors import Interrupted, RecipeError
from doctorsun.recipes.check import load_checked
from doctorsun.recipes.progress import RunProgress
from doctorsun.recipes.record import close_record, is_finished, only_one, open_record, update_record
from doctorsun.report.run import write_report
from doctorsun.report.strings import Language
from doctorsun.report.terminal import results_table

if TYPE_CHECKING:
    from doctorsun.recipes.machine import Machine
    from doctorsun.recipes.stages import StageContext
    from doctorsun.storage.store import Store

RUNS = Path("runs")


def run(
    name: str, *, out: Path | None = None, overrides: Sequence[str] = (), console: Console, language: Language = "en"
) -> Path:
    """Do all that a recipe declares; return the run's folder.

    Args:
        name: a shipped recipe, or the path of a YAML file.
        out: the run's folder; ``runs/<recipe name>`` when None.
        overrides: ``key.path=value`` settings.

    Raises:
        RecipeError: the recipe is wrong, or the folder holds another one.
        Interrupted: Ctrl-C or SIGTERM; run again to go on.
    """
    recipe = load_checked(name, overrides)
    folder = out or RUNS / recipe.name
    with only_one(folder):
        record = open_record(folder, recipe)
        if not is_finished(record):
            _work(recipe, folder, record, RunProgress(console), language)
    _show_results(folder, recipe, console, language)
    return folder


def run_stage(
    name: str, stage: str, *, out: Path | None = None, overrides: Sequence[str] = (), console: Console
) -> Path:
    """Train the stages of a recipe up to one of them; return its weights.

    Raises:
        RecipeError: the recipe is wrong or has no such stage.
    """
    from doctorsun.recipes.stages import run_stages

    recipe = load_checked(name, overrides)
    chosen = _stage_name(recipe, stage)
    folder = out or RUNS / recipe.name
    progress = RunProgress(console)
    with only_one(folder), progress.shown():
        record = open_record(folder, recipe)
        context, _ = _prepare(recipe, folder, record, progress)
        weights = run_stages(context, only=chosen)
    console.print(f"stage {chosen} is done: {weights}", highlight=False, soft_wrap=True)
    return weights


def _stage_name(recipe: Recipe, stage: str) -> StageName:
    for known in recipe.stages:
        if known == stage:
            return known
    raise RecipeError(f"no stage '{stage}' in {recipe.name}", expected=f"one of {', '.join(recipe.stages)}")


def _work(recipe: Recipe, folder: Path, record: dict[str, Any], progress: RunProgress, language: Language) -> None:
    from doctorsun.recipes.evaluate import evaluate_run
    from doctorsun.recipes.stages import publish, run_stages

    with progress.shown():
        try:
            context, stores = _prepare(recipe, folder, record, progress)
            write_report(folder, language=language)
            weights = publish(run_stages(context), folder)
            write_report(folder, language=language)
            evaluate_run(recipe, folder, weights, stores, progress.evaluation)
        except KeyboardInterrupt as error:
            raise Interrupted(f"the run in {folder} was stopped", do="run the same command again to go on") from error
    close_record(folder, record)
    write_report(folder, language=language)


def _prepare(
    recipe: Recipe, folder: Path, record: dict[str, Any], progress: RunProgress
) -> "tuple[StageContext, dict[str, Store]]":
    """Make the data and the starting weights."""
    from doctorsun.recipes.machine import examine_machine
    from doctorsun.recipes.stages import StageContext, prepare_start
    from doctorsun.recipes.stores import RunStores, store_facts
    from doctorsun.train.telemetry import Telemetry

    machine = examine_machine(recipe.precision)
    update_record(folder, record, machine=machine.as_dict())
    _greet(recipe, folder, machine, progress)
    stores = RunStores(recipe, folder, progress.store)
    opened = stores.open_all()
    update_record(folder, record, data={name: store_facts(store) for name, store in opened.items()})
    prepare_start(recipe, folder, opened)
    telemetry = Telemetry(folder / "metrics.jsonl", progress.event)
    context = StageContext(recipe=recipe, run=folder, stores=stores, machine=machine, telemetry=telemetry)
    return context, opened


def _greet(recipe: Recipe, folder: Path, machine: "Machine", progress: RunProgress) -> None:
    progress.say(f"recipe {recipe.name} in {folder}: {recipe.description}")
    progress.say(f"{machine.cpu or machine.device}, {machine.cores} cores, {machine.precision}: {machine.precision_reason}")


def _show_results(folder: Path, recipe: Recipe, console: Console, language: Language) -> None:
    from doctorsun.recipes.dialogues import print_dialogues

    if recipe.evaluation.tasks:
        console.print(results_table(folder, language=language))
    print_dialogues(folder, console, language)
    done = "全部完成" if language == "zh" else "everything is done"
    console.print(f"{done}: {folder / 'report.html'}", highlight=False, soft_wrap=True)
