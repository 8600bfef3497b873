"""Carry out a recipe: data, stages, weights, evaluation, report, dialogues; each done once, resumable anywhere."""

import math
import os
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console

from doctorsun.config import Recipe, StageName
from doctorsun.errors import Interrupted, RecipeError
from doctorsun.recipes.addresses import usual_rules
from doctorsun.recipes.check import load_checked_run
from doctorsun.recipes.check_questions import check_questions
from doctorsun.recipes.job import RunJob
from doctorsun.recipes.mixtures import check_mixtures
from doctorsun.recipes.progress import RunProgress
from doctorsun.recipes.ranks import follow, ranks
from doctorsun.recipes.record import close_record, is_finished, only_one, open_record, update_record
from doctorsun.recipes.sinks import open_sinks
from doctorsun.recipes.steps import has_start
from doctorsun.recipes.stores import hashes_of, left_out, store_facts
from doctorsun.report.run import write_report
from doctorsun.report.strings import Language
from doctorsun.report.terminal import results_table
from doctorsun.storage.hub.pull import PullRules

if TYPE_CHECKING:
    from doctorsun.recipes.machine import Machine
    from doctorsun.recipes.stages import StageContext
    from doctorsun.storage.store import Store
    from doctorsun.train.telemetry import Event, Listener, Sink

REPORT_EVERY_S = 60.0


def run(
    name: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    console: Console,
    language: Language = "en",
    rules: PullRules | None = None,
) -> Path:
    """Do all that a recipe declares; return the run's folder.

    Args:
        name: a shipped recipe, or the path of a YAML file.
        out: the run's folder; ``runs/<recipe name>`` when None.
        overrides: ``key.path=value`` settings.
        console: where progress and results are shown.
        language: of the report and of the results.
        rules: what may be pulled from hubs; the usual ones when None.

    Raises:
        RecipeError: the recipe is wrong, or the folder holds another one.
        Interrupted: Ctrl-C or SIGTERM; run again to go on.
    """
    rules = rules or usual_rules()
    with ranks(os.environ) as world:
        if world and not world.is_first:
            follow(world, rules)
        recipe, document, folder = load_checked_run(name, overrides, out=out, rules=rules)
        progress = RunProgress(console)
        with only_one(folder), stoppable(folder):
            job = RunJob(recipe, document, folder, open_record(folder, recipe), progress, rules, world)
            if not job.is_done():
                _work(job, language)
            if not is_finished(job.record):
                close_record(folder, job.record)
            if not _has_last_report(folder):
                write_report(folder, language=language)
        _show_results(folder, recipe, console, language)
    return folder


def run_stage(
    name: str,
    stage: str,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    console: Console,
    rules: PullRules | None = None,
) -> Path:
    """Train the stages of a recipe up to one of them; return its weights. The arguments are those of ``run``.

    Raises:
        RecipeError: the recipe is wrong or has no such stage.
        Interrupted: Ctrl-C or SIGTERM; run again to go on.
    """
    from doctorsun.recipes.stages import run_stages

    rules = rules or usual_rules()
    with ranks(os.environ) as world:
        if world and not world.is_first:
            follow(world, rules)
        recipe, document, folder = load_checked_run(name, overrides, out=out, rules=rules)
        chosen = _stage_name(recipe, stage)
        progress = RunProgress(console)
        with only_one(folder), progress.shown(), stoppable(folder), open_sinks(recipe, folder) as sinks:
            job = RunJob(recipe, document, folder, open_record(folder, recipe), progress, rules, world)
            weights = run_stages(_prepare(job, progress.event, sinks)[0], last=chosen)
    console.print(f"stage {chosen} is done: {weights}", highlight=False, soft_wrap=True)
    return weights


def _stage_name(recipe: Recipe, stage: str) -> StageName:
    for known in recipe.stages:
        if known == stage:
            return known
    raise RecipeError(f"no stage '{stage}' in {recipe.name}", expected=f"one of {', '.join(recipe.stages)}")


def _work(job: RunJob, language: Language) -> None:
    from doctorsun.recipes.run_evaluation import evaluate_run
    from doctorsun.recipes.stages import publish, run_stages

    live_report = LiveReport(job.folder, language)

    def listen(event: "Event") -> None:
        job.progress.event(event)
        live_report.event(event)

    with job.progress.shown(), open_sinks(job.recipe, job.folder) as sinks:
        update_record(job.folder, job.record, finished=None)
        context, stores = _prepare(job, listen, sinks)
        weights = publish(run_stages(context), job.recipe, context.steps)
        evaluate_run(
            job.recipe,
            context.steps,
            stores,
            weights=weights,
            telemetry=context.telemetry,
            on_progress=job.progress.evaluation,
        )


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
    """Tell whether the report was written, to its end, after the record was closed."""
    page, summary = folder / "report.html", folder / "report.json"
    if not (page.exists() and summary.exists() and page.stat().st_mtime >= (folder / "run.json").stat().st_mtime):
        return False
    return _ends_with(page, "</html>") and _ends_with(summary, "}")


def _ends_with(path: Path, end: str) -> bool:
    return path.read_text(encoding="utf-8", errors="replace").rstrip().endswith(end)


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


def _prepare(job: RunJob, listener: "Listener", sinks: "Sequence[Sink]") -> "tuple[StageContext, dict[str, Store]]":
    """Make the data and the starting weights."""
    from doctorsun.recipes.ceiling import with_ceiling
    from doctorsun.recipes.feasible import require_feasible
    from doctorsun.recipes.machine import examine_machine
    from doctorsun.recipes.stages import StageContext, prepare_start
    from doctorsun.train.telemetry import Telemetry
    from doctorsun.train.world import World

    recipe, folder, stores, steps = job.recipe, job.folder, job.stores, job.steps
    machine = with_ceiling(examine_machine(recipe.precision), job.record.get("machine", {}))
    update_record(folder, job.record, machine=machine.as_dict())
    _greet(recipe, folder, machine, job.progress)
    if not has_start(folder):  # before data is built or brought
        require_feasible(job, machine)
    stores.remove_damaged(job.progress.say)
    opened = stores.open_all()
    for line in left_out(opened):
        job.progress.say(line)
    update_record(folder, job.record, data={name: store_facts(store) for name, store in opened.items()})
    check_mixtures(recipe, opened, job.document)
    check_questions(recipe, opened, job.document)
    prepare_start(recipe, steps, opened, rules=job.rules, document=job.document)
    require_feasible(job, machine)
    context = StageContext(
        recipe=recipe,
        run=folder,
        stores=stores,
        hashes=hashes_of(opened),
        machine=machine,
        telemetry=Telemetry(folder / "metrics.jsonl", listener, sinks),
        steps=steps,
        document=job.document,
        world=job.world or World(),
    )
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
