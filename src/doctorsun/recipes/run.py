"""Carry out a recipe: data, stages, weights, evaluation, report, dialogues; each done once, resumable anywhere."""

import math
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
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
    from doctorsun.train.telemetry import Event, Listener

RUNS = Path("runs")
REPORT_EVERY_S = 60.0


def run(
    name: str, *, out: Path | None = None, overrides: Sequence[str] = (), console: Console, language: Language = "en"
) -> Path:
    """Do all that a recipe declares; return the run's folder.

    Args:
        name: a shipped recipe, or the path of a YAML file.
        out: the run's folder; ``runs/<recipe name>`` when None.
        overrides: ``key.path=value`` settings.
        console: where progress and results are shown.
        language: of the report and of the results.

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
        if not _has_last_report(folder):
            write_report(folder, language=language)
    _show_results(folder, recipe, console, language)
    return folder


def run_stage(
    name: str, stage: str, *, out: Path | None = None, overrides: Sequence[str] = (), console: Console
) -> Path:
    """Train the stages of a recipe up to one of them; return its weights.

    Raises:
        RecipeError: the recipe is wrong or has no such stage.
        Interrupted: Ctrl-C or SIGTERM; run again to go on.
    """
    from doctorsun.recipes.stages import run_stages

    recipe = load_checked(name, overrides)
    chosen = _stage_name(recipe, stage)
    folder = out or RUNS / recipe.name
    progress = RunProgress(console)
    with only_one(folder), progress.shown(), stoppable(folder):
        record = open_record(folder, recipe)
        context, _ = _prepare(recipe, folder, record, progress, progress.event)
        weights = run_stages(context, last=chosen)
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

    live_report = LiveReport(folder, language)

    def listen(event: "Event") -> None:
        progress.event(event)
        live_report.event(event)

    with progress.shown(), stoppable(folder):
        context, stores = _prepare(recipe, folder, record, progress, listen)
        weights = publish(run_stages(context), folder)
        evaluate_run(
            recipe,
            folder,
            stores,
            weights=weights,
            telemetry=context.telemetry,
            on_progress=progress.evaluation,
        )
        close_record(folder, record)


class LiveReport:
    """Keeps the report of a run that goes on up to date: after each stage and once a minute."""

    def __init__(self, folder: Path, language: Language) -> None:
        self.folder = folder
        self.language: Language = language
        self.written_at = -math.inf

    def event(self, event: "Event") -> None:
        """Write the report where it is time to."""
        is_old = time.monotonic() - self.written_at >= REPORT_EVERY_S
        if is_old or event["event"] == "stage_end":
            write_report(self.folder, language=self.language)
            self.written_at = time.monotonic()


def _has_last_report(folder: Path) -> bool:
    """Tell whether the page was written after the record was closed."""
    page = folder / "report.html"
    return page.exists() and page.stat().st_mtime >= (folder / "run.json").stat().st_mtime


@contextmanager
def stoppable(folder: Path) -> Generator[None]:
    """Let Ctrl-C and SIGTERM end the block in the same way: all that is on disk stays good."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted(f"the run in {folder} was stopped", do="run the same command again to go on") from error
    finally:
        signal.signal(signal.SIGTERM, previous)


def _prepare(
    recipe: Recipe, folder: Path, record: dict[str, Any], progress: RunProgress, listener: "Listener"
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
    telemetry = Telemetry(folder / "metrics.jsonl", listener)
    context = StageContext(recipe=recipe, run=folder, stores=stores, machine=machine, telemetry=telemetry)
    return context, opened


def _greet(recipe: Recipe, folder: Path, machine: "Machine", progress: RunProgress) -> None:
    progress.say(f"recipe {recipe.name} in {folder}: {recipe.description}")
    hardware = f"{machine.cpu or machine.device}, {machine.cores} cores"
    progress.say(f"{hardware}, {machine.precision}: {machine.precision_reason}")


def _show_results(folder: Path, recipe: Recipe, console: Console, language: Language) -> None:
    from doctorsun.recipes.dialogues import print_dialogues

    if recipe.evaluation.tasks:
        console.print(results_table(folder, language=language))
    print_dialogues(folder, console, language)
    done = "全部完成" if language == "zh" else "everything is done"
    console.print(f"{done}: {folder / 'report.html'}", highlight=False, soft_wrap=True)
