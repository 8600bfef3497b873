"""Evaluation of weights: held-out questions, answered as they are and under each control, then scored."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from doctorsun.config import EvaluationSection, Recipe
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.prior import training_prior
from doctorsun.eval.runner import ModelVersion, predict
from doctorsun.eval.scoring import score, write_scores
from doctorsun.eval.tasks import task_named
from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.processor.processor import Processor
from doctorsun.recipes.check import missing_prior
from doctorsun.recipes.dialogues import choose, make_dialogues
from doctorsun.recipes.machine import place
from doctorsun.schema import ImageControl, Sample
from doctorsun.storage.store import Store
from doctorsun.train.telemetry import Telemetry
from doctorsun.weights.hugging_face import load_weights, revision_of

EvaluationProgress = Callable[[str, str, int, int], None]


class Examinee:
    """Weights that answer questions; they are loaded when the first question comes."""

    def __init__(self, weights: Path, *, name: str, max_tokens: int, batch: int) -> None:
        self.weights = weights
        self.max_tokens = max_tokens
        self.batch = batch
        self.version = ModelVersion(name=name, revision=revision_of(weights), decoding=f"greedy, {max_tokens} tokens")

    @cached_property
    def _loaded(self) -> tuple[LocalEngine, Processor]:
        model, processor = load_weights(self.weights)
        place(model)
        images = processor.images
        engine = LocalEngine(model, image_mean=images.mean, image_std=images.std, max_batch=self.batch)
        return engine, processor

    @property
    def engine(self) -> LocalEngine:
        """What generates."""
        return self._loaded[0]

    @property
    def processor(self) -> Processor:
        """What reads and writes text, boxes and images."""
        return self._loaded[1]

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[int, str, int, bool]]:
        """Answer samples in any order; boxes come back in pixels of the image."""
        for answer in answer_samples(self.engine, self.processor, samples, self.max_tokens) if samples else ():
            yield answer.index, self.in_pixels(answer.text, samples[answer.index]), answer.num_tokens, answer.truncated

    def in_pixels(self, text: str, sample: Sample) -> str:
        """Return an answer with its boxes in pixels of the sample's first image."""
        if not sample.images:
            return text
        return self.processor.boxes_in_pixels(text, sample.images[0].width, sample.images[0].height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """The questions of one task, and where the answers go."""

    task: str
    samples: Sequence[Sample]
    folder: Path
    on_progress: EvaluationProgress

    def take(self, examinee: Examinee, control: ImageControl) -> Path:
        """Ask what has no answer yet under one image control; return the file of all predictions."""
        return predict(
            self.samples,
            examinee.answer,
            out=self.folder,
            task=task_named(self.task),
            model=examinee.version,
            control=control,
            on_progress=lambda done, total: self.on_progress(self.task, control, done, total),
        )


def evaluate_run(
    recipe: Recipe,
    run: Path,
    stores: Mapping[str, Store],
    *,
    weights: Path,
    telemetry: Telemetry,
    on_progress: EvaluationProgress,
) -> None:
    """Do the evaluation and the dialogues of a recipe; what is on disk already is not done again."""
    section = recipe.evaluation
    examinee = Examinee(weights, name=recipe.name, max_tokens=section.max_tokens, batch=section.batch)
    for name, task in section.tasks.items():
        folder = run / "eval" / name
        if not (folder / "scores.json").exists():
            began = time.perf_counter()
            samples = list(questions(stores[f"{task.source}/{task.split}"], limit=task.max_questions_per_type))
            exam = Exam(task=name, samples=samples, folder=folder, on_progress=on_progress)
            training = stores.get(f"{task.source}/train")
            if training is None and "prior" in section.controls:
                telemetry.write("warning", text=missing_prior(name, task.source))
            _take_and_score(exam, examinee, section, training)
            telemetry.write("eval", task=name, wall_s=round(time.perf_counter() - began, 1))
    dialogues = recipe.dialogues
    if dialogues and not (run / "dialogues.json").exists():
        store = stores[f"{dialogues.source}/test"]
        make_dialogues(run, choose(store, dialogues.count), examinee.engine, examinee.processor, section.max_tokens)


def _take_and_score(exam: Exam, examinee: Examinee, section: EvaluationSection, training: Store | None) -> None:
    predictions = exam.take(examinee, "real")
    for control in section.controls:
        if control != "prior":
            predictions = exam.take(examinee, control)
    wants_prior = "prior" in section.controls
    prior = training_prior(training.without_images()) if wants_prior and training is not None else None
    write_scores(exam.folder / "scores.json", score(read_predictions(predictions), prior))


def questions(store: Store, *, limit: int | None) -> Iterator[Sample]:
    """Yield the samples of a store that can be scored.

    Args:
        store: a split of a source.
        limit: the most per question type, kind and language; which ones is decided by a hash of their ids.
    """
    kinds, tasks, languages = store.column("answer.kind"), store.column("task"), store.column("language")
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, kind in enumerate(kinds):
        if kind is not None:
            groups[kind, tasks[row], languages[row]].append(row)
    ids = store.column("id")
    for rows in groups.values():
        rows.sort(key=lambda row: hashlib.sha256(ids[row].encode()).digest())
    for row in sorted(row for rows in groups.values() for row in rows[:limit]):
        yield store[row]
