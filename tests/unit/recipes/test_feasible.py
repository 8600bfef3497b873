from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from doctorsun.config import load_recipe
from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import DataError, MachineError, RecipeError
from doctorsun.recipes.addresses import usual_rules
from doctorsun.recipes.feasible import require_feasible
from doctorsun.recipes.job import RunJob
from doctorsun.recipes.machine import Machine
from doctorsun.recipes.progress import RunProgress
from doctorsun.recipes.run import run
from small_model import assistant, image, png, question, sample, save_small, write_store

MACHINE = Machine(cpu="", cores=1, memory_gib=16.0, device="cpu", precision="fp32", precision_reason="")
LINES = """\
name: test
model: {init: WEIGHTS}
data:
  sources:
    texts: {reader: store, splits: {train: FOLDER/texts}}
    asked: {reader: store, splits: {train: FOLDER/asked, test: FOLDER/held}}
    pairs: {reader: store, splits: {train: FOLDER/pairs}}
stages:
  pretrain: {trainable: {language: full}, mixture: [{source: texts}], steps: 1, batch_samples: 2, lr: 1e-3}
  LAST
"""
LAST = "align: {trainable: {projector: full}, mixture: [{source: asked}], steps: 1, batch_samples: 2, lr: 1e-3MORE}"
PREFER = LAST.replace("align", "prefer").replace("asked", "pairs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_small(tmp_path / "weights")
    asked = [question(f"q{number}", "Nodule?", "No.", image(png(number))) for number in range(4)]
    write_store(tmp_path / "asked", asked)
    write_store(tmp_path / "pairs", [replace(each, rejected=("Yes.",)) for each in asked])
    write_store(tmp_path / "held", [replace(each, source=replace(each.source, split="test")) for each in asked])
    write_store(tmp_path / "texts", [sample(f"t{number}", assistant("A lung.")) for number in range(4)])
    return tmp_path


def written(folder: Path, last: str) -> Path:
    text = LINES.replace("WEIGHTS", str(folder / "weights")).replace("FOLDER", str(folder)).replace("LAST", last)
    path = folder / "r.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def job_of(folder: Path, last: str, **changes: Any) -> RunJob:
    recipe, document = load_marked_recipe(written(folder, last))
    run_folder = folder / "run"
    run_folder.mkdir()
    job = RunJob(recipe, document, run_folder, {}, RunProgress(Console(quiet=True)), usual_rules())
    return replace(job, **changes)


def test_a_run_that_can_work_is_let_go(folder: Path) -> None:
    require_feasible(job_of(folder, LAST.replace("MORE", "")), MACHINE)


def test_a_last_stage_without_a_usable_sample_stops_the_run_before_its_first_stage(folder: Path) -> None:
    recipe = written(folder, LAST.replace("MORE", ", max_length: 18"))
    with pytest.raises(DataError, match="stage align: no sample fits: got 2 samples, all longer than max_length 18"):
        run(str(recipe), out=folder / "run", console=Console(quiet=True))
    assert not (folder / "run/stages").exists()


def test_a_stage_that_does_not_fit_the_memory_stops_the_run_before_its_data_is_made(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, LAST.replace("MORE", "")))
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"init": None, "preset": "micro"})})
    job = job_of(tmp_path, LAST.replace("MORE", ""), recipe=recipe)
    with pytest.raises(MachineError, match=r"stage pretrain does not fit the memory: got 0.0 GiB a device, expected a"):
        require_feasible(job, replace(MACHINE, memory_gib=0.01))
    assert not list(job.folder.iterdir())


def test_what_has_been_trained_needs_no_room(folder: Path) -> None:
    done = {"steps": {f"stages/{name}": {} for name in ("pretrain", "align")}}
    require_feasible(job_of(folder, LAST.replace("MORE", ""), record=done), replace(MACHINE, memory_gib=0.01))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no file system without room")
def test_weights_that_do_not_fit_the_disk_stop_the_run(folder: Path) -> None:
    job = replace(job_of(folder, LAST.replace("MORE", "")), folder=Path("/proc"))
    with pytest.raises(MachineError, match="the disk of /proc: got 0 GiB that are free, expected"):
        require_feasible(job, MACHINE)


def test_a_validation_without_a_usable_sample_stops_the_run(folder: Path) -> None:
    more = ", objective: preference, validation: {source: asked, split: test, every_steps: 1, samples: 2}"
    with pytest.raises(RecipeError, match=r"r.yaml:10:\d+: stages.prefer: .*asked"):
        require_feasible(job_of(folder, PREFER.replace("MORE", more)), MACHINE)
