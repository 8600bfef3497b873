"""Evaluation of weights: held-out questions, answered as they are and under each control, then scored."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import torch

from doctorsun.config import EvaluationSection, Recipe, TaskSection
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.prior import TrainingPrior, training_prior
from doctorsun.eval.runner import ModelVersion, predict
from doctorsun.eval.scoring import score, write_scores
from doctorsun.eval.tasks import task_named
from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.processor.processor import Processor
from doctorsun.recipes.dialogues import make_dialogues
from doctorsun.schema import ImageControl, Sample
from doctorsun.storage.store import Store
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
        model.to("cuda" if torch.cuda.is_available() else "cpu")
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
            yield answer.index, self._in_pixels(answer.text, samples[answer.index]), answer.num_tokens, answer.truncated

    def _in_pixels(self, text: str, sample: Sample) -> str:
        if not sample.images or "<box>" not in text:
            return text
        boxes = self.processor.boxes(text, sample.images[0].width, sample.images[0].height)
        places = iter(boxes)

        def pixels(match: re.Match[str]) -> str:
            box = next(places, None)
            return match[0] if box is None else "[" + ", ".join(f"{value:.1f}" for value in box) + "]"

        return re.sub(r"<box>\s*\[\[[\d\s,]*\]\]\s*</box>", pixels, text)


def evaluate_run(
    recipe: Recipe, run: Path, weights: Path, stores: Mapping[str, Store], on_progress: EvaluationProgress
) -> None:
    """Do the evaluation and the dialogues of a recipe; what is on disk already is not done again."""
    section = recipe.evaluation
    examinee = Examinee(weights, name=recipe.name, max_tokens=section.max_tokens, batch=section.batch)
    for name, task in section.tasks.items():
        folder = run / "eval" / name
        if not (folder / "scores.json").exists():
            store, training = stores[f"{task.source}/{task.split}"], stores.get(f"{task.source}/train")
            _evaluate_task(name, task, section, examinee, store, training, folder, on_progress)
    dialogues = recipe.dialogues
    if dialogues and not (run / "dialogues.json").exists():
        store = stores[f"{dialogues.source}/test"]
        make_dialogues(run, store, dialogues.count, examinee.engine, examinee.processor, section.max_tokens)


def evaluate_weights(
    weights: Path, task: str, store: Path, out: Path, control: ImageControl, on_progress: EvaluationProgress
) -> Path:
    """Ask weights the questions of one store under one image control; write predictions and scores to a folder."""
    section = EvaluationSection()
    examinee = Examinee(weights, name=weights.name, max_tokens=section.max_tokens, batch=section.batch)
    samples = list(questions(Store(store), limit=None))
    path = _predict(task, samples, examinee, out, control, on_progress)
    write_scores(out / "scores.json", score(read_predictions(path)))
    return out / "scores.json"


def _evaluate_task(  # noqa: PLR0917
    name: str, task: TaskSection, section: EvaluationSection, examinee: Examinee, store: Store,
    training: Store | None, folder: Path, on_progress: EvaluationProgress,
) -> None:
    samples = list(questions(store, limit=task.max_questions_per_type))
    controls: tuple[ImageControl, ...] = ("real", *(c for c in section.controls if c != "prior"))
    path = folder / "predictions.parquet"
    for control in controls:
        path = _predict(name, samples, examinee, folder, control, on_progress)
    prior: TrainingPrior | None = None
    if "prior" in section.controls and training is not None:
        prior = training_prior(training.without_images())
    write_scores(folder / "scores.json", score(read_predictions(path), prior))


def _predict(
    name: str, samples: Sequence[Sample], examinee: Examinee, folder: Path, control: ImageControl,
    on_progress: EvaluationProgress,
) -> Path:
    return predict(
        samples, examinee.answer, out=folder, task=task_named(name), model=examinee.version, control=control,
        on_progress=lambda done, total: on_progress(name, control, done, total),
    )


def questions(store: Store, *, limit: int | None) -> Iterator[Sample]:
    """Yield the samples of a store that can be scored.

    Args:
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
