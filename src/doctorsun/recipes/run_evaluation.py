"""The evaluation that ends a run: each task under each control, then the dialogues."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from doctorsun.config import EvaluationSection, Recipe
from doctorsun.eval.predictions import read_predictions, write_predictions
from doctorsun.eval.prior import training_prior
from doctorsun.eval.scoring import score, write_scores
from doctorsun.eval.tasks import task_named
from doctorsun.recipes.check import missing_prior
from doctorsun.recipes.dialogues import choose, make_dialogues
from doctorsun.recipes.evaluate import EvaluationProgress, Exam, Examinee, questions
from doctorsun.recipes.evaluation_extras import failed_under, finding_files, write_findings
from doctorsun.recipes.inputs import dialogue_inputs, task_inputs
from doctorsun.recipes.leakage import TrainingData, training_stores
from doctorsun.recipes.steps import Steps
from doctorsun.recipes.stores import hashes_of
from doctorsun.storage.store import Store
from doctorsun.train.telemetry import Telemetry


def evaluate_run(
    recipe: Recipe,
    steps: Steps,
    stores: Mapping[str, Store],
    *,
    weights: Path,
    telemetry: Telemetry,
    on_progress: EvaluationProgress,
) -> None:
    """Do what is not done of a recipe's evaluation and dialogues; withdraw what it no longer asks for.

    Results of other settings, data or weights are withdrawn before they are made anew; answers that still hold are
    kept and not asked for again.
    """
    run, section, hashes = steps.run, recipe.evaluation, hashes_of(stores)
    examinee = Examinee(weights, name=recipe.name, max_tokens=section.max_tokens, batch=section.batch)
    for folder in sorted((run / "eval").glob("*/")):
        if folder.name not in section.tasks:
            steps.tell_why(f"eval/{folder.name}", None)
            _withdraw(steps, f"eval/{folder.name}", _results_in(folder))
    learnt = TrainingData(stores=training_stores(recipe, stores), cache=run)
    for name, task in section.tasks.items():
        folder, step = run / "eval" / name, f"eval/{name}"
        inputs = task_inputs(recipe, name, hashes, steps.revision("weights"))
        if not steps.is_done(step, inputs):
            steps.tell_why(step, inputs)
            _withdraw(steps, step, _results_in(folder))
            began = time.perf_counter()
            samples = list(questions(stores[f"{task.source}/{task.split}"], limit=task.max_questions_per_type))
            exam = Exam(task=task_named(name), samples=samples, folder=folder, on_progress=on_progress)
            training = stores.get(f"{task.source}/train")
            if training is None and "prior" in section.controls:
                telemetry.write("warning", text=missing_prior(name, task.source))
            _take_and_score(exam, examinee, section, training, learnt)
            for line in failed_under(section.controls, read_predictions(folder / "predictions.parquet")):
                telemetry.write("warning", text=line)
            telemetry.write("eval", task=name, wall_s=round(time.perf_counter() - began, 1))
            steps.close(step, inputs, _results_in(folder))
    _hold_dialogues(recipe, steps, stores, examinee)


def _hold_dialogues(recipe: Recipe, steps: Steps, stores: Mapping[str, Store], examinee: Examinee) -> None:
    run, section = steps.run, recipe.dialogues
    inputs = dialogue_inputs(recipe, hashes_of(stores), steps.revision("weights"))
    if inputs is not None and steps.is_done("dialogues", inputs):
        return
    steps.tell_why("dialogues", inputs)
    _withdraw(steps, "dialogues", [run / "dialogues.json"])
    shutil.rmtree(run / "dialogues", ignore_errors=True)
    if section is not None and inputs is not None:
        chosen = choose(stores[f"{section.source}/test"], section.count)
        make_dialogues(run, chosen, examinee.engine, examinee.processor, recipe.evaluation.max_tokens)
        steps.close("dialogues", inputs, [run / "dialogues.json", *run.glob("dialogues/*")])


def _withdraw(steps: Steps, step: str, results: list[Path]) -> None:
    if step in steps.names:
        steps.forget(step)
    for path in results:
        path.unlink(missing_ok=True)


def _results_in(folder: Path) -> list[Path]:
    """Return the files that a task's results are; the answers in ``parts`` name what they hold for, and stay."""
    return [folder / "predictions.parquet", folder / "scores.json", *finding_files(folder)]


def _take_and_score(
    exam: Exam, examinee: Examinee, section: EvaluationSection, training: Store | None, learnt: TrainingData
) -> None:
    path = exam.take(examinee, "real")
    for control in section.controls:
        if control != "prior":
            path = exam.take(examinee, control)
    # The answers of earlier settings may hold controls that are no longer asked for.
    predictions = [row for row in read_predictions(path) if row.image_control in ("real", *section.controls)]
    write_predictions(path, predictions)
    prior = training_prior(training.without_images()) if "prior" in section.controls and training is not None else None
    marks = learnt.check(exam.task.name, exam.samples, exam.folder, exam.on_progress)
    write_scores(exam.folder / "scores.json", score(predictions, prior, marks=marks))
    write_findings(exam.folder)
