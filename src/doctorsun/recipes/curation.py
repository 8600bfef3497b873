"""Curation as one command: sources are collected, tests are opened, stores are curated, and the card is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from doctorsun.config.curation import Curation
from doctorsun.config.load import SUFFIXES, load_section
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.data.adapters.load import load_collection
from doctorsun.data.collect import open_collection
from doctorsun.data.curate.curate import curate
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.runners.runner import RunnerName, open_runner
from doctorsun.data.curate.shard_job import WORK
from doctorsun.data.pipeline import read_into
from doctorsun.data.readers.collected import sample_ratios_of
from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes.leak import tested_sets
from doctorsun.report.store import write_card
from doctorsun.report.strings import Language
from doctorsun.schema.licence import CLASSES
from doctorsun.storage.real_path import real_path
from doctorsun.storage.store import Store

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurationJob:
    """What is curated, and how.

    Attributes:
        sources: stores, and pages that list sources to collect.
        root: folder that the paths of such pages start from; what the page says when None.
        tests: name of a task, and its files or its store.
    """

    sources: Sequence[str]
    out: Path
    settings: Curation
    root: str | None = None
    tests: Mapping[str, Path] = field(default_factory=dict[str, Path])
    runner: RunnerName = "local"
    workers: int = 1


def load_settings(page: Path | None, allowed: Sequence[str]) -> Curation:
    """Return the settings of a page, or the usual ones, with further classes of licences.

    Raises:
        RecipeError: the page is wrong, or there is no such class.
    """
    settings = Curation() if page is None else load_section(page, Curation)[0]
    unknown = sorted({*allowed} - {*CLASSES})
    if unknown:
        do = did_you_mean(unknown[0], CLASSES)
        raise RecipeError("--allow-licence", got=f"'{unknown[0]}'", expected=one_of(CLASSES), do=do)
    if settings.licences is None or not allowed:
        return settings
    classes = tuple(each for each in CLASSES if each in {*settings.licences.allowed, *allowed})
    return settings.model_copy(update={"licences": settings.licences.model_copy(update={"allowed": classes})})


def carry_out(job: CurationJob, *, language: Language, on_progress: Progress, tell: Callable[[str], None]) -> Store:
    """Make the curated store and its card, or go on where a killed run stopped.

    Args:
        job: what to do.
        language: of the card.
        on_progress: told the work, how much of it is done and how much there is.
        tell: told what is worth knowing.

    Raises:
        RecipeError: a page is wrong, or there is no such task.
        DataError: a source or a store cannot be read, or the folder lies in one or holds something else.
        MachineError: a process was killed, or the disk is full; what is done stays.
    """
    _require_outside_sources(job)
    folders = [_store_of(source, job, on_progress) for source in job.sources]
    tests = tested_sets(job.tests, job.out / WORK, tell) if job.tests else []
    with open_runner(job.runner, job.workers) as runner:
        store = curate(Inputs(folders), job.out, job.settings, tests=tests, runner=runner, on_progress=on_progress)
    if not store.manifest.kept:
        tell(f"{job.out} holds no sample: every one was left out")
    if not (job.out / "card.html").exists():
        write_card(job.out, language=language)
    return store


def _require_outside_sources(job: CurationJob) -> None:
    out = real_path(job.out)
    for source in job.sources:
        if out.is_relative_to(real_path(Path(source))):
            raise DataError(
                f"cannot write {job.out}", got=f"the source {source} or a folder in it", do="name a new folder"
            )


def _store_of(source: str, job: CurationJob, on_progress: Progress) -> Path:
    """Return the folder of a store; that of a page is made beside the new one, and stays."""
    if not source.endswith(SUFFIXES):
        return Path(source)
    collection = load_collection(Path(source))
    if job.root is not None:
        collection = collection.model_copy(update={"root": job.root})
    reader = open_collection(collection)
    step = {"step": "collect", **collection.model_dump(mode="json")}
    if ratios := sample_ratios_of(reader):
        step |= {"sample_ratios": ratios}
    folder = job.out.with_name(f"{job.out.name}.collected") / collection.name
    told = partial(on_progress, "collect")
    return read_into(folder, reader, name=collection.name, step=step, workers=job.workers, on_progress=told).folder
