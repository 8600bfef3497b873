"""Evaluation of weights: held-out questions, answered as they are and under each control, then scored."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from doctorsun.eval.runner import ModelVersion, Reply, predict
from doctorsun.eval.tasks import Task
from doctorsun.generate.chat import TextAnswer, answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.processor.processor import Processor
from doctorsun.recipes.machine import place
from doctorsun.schema import ImageControl, Sample
from doctorsun.storage.store import Store
from doctorsun.weights.folder import revision_of
from doctorsun.weights.hugging_face import load_weights

EvaluationProgress = Callable[[str, str, int, int], None]


class _Loaded:
    """Weights that are loaded when they are first asked for."""

    def __init__(self, weights: Path, batch: int) -> None:
        self._weights = weights
        self._batch = batch

    @cached_property
    def parts(self) -> tuple[LocalEngine, Processor]:
        model, processor = load_weights(self._weights)
        place(model)
        images = processor.images
        engine = LocalEngine(model, image_mean=images.mean, image_std=images.std, max_batch=self._batch)
        return engine, processor


class Answering(Protocol):
    """Who answers questions, whole evaluations long."""

    version: ModelVersion

    def answer(self, samples: Sequence[Sample]) -> Iterable[tuple[int, Reply]]:
        """Answer samples in any order."""
        ...

    def for_task(self, task: Task) -> "Answering":
        """Return the same with answers as long as the task's page says."""
        ...


class Examinee:
    """Weights that answer questions; they are loaded when the first question comes."""

    def __init__(self, weights: Path, *, name: str, max_tokens: int, batch: int) -> None:
        self.weights = weights
        self.max_tokens = max_tokens
        self.batch = batch
        self.version = ModelVersion(name=name, revision=revision_of(weights), decoding=decoding_of(max_tokens))
        self._loaded = _Loaded(weights, batch)

    @property
    def engine(self) -> LocalEngine:
        """What generates."""
        return self._loaded.parts[0]

    @property
    def processor(self) -> Processor:
        """What reads and writes text, boxes and images."""
        return self._loaded.parts[1]

    def for_task(self, task: Task) -> "Examinee":
        """Return the same weights, loaded once, with answers as long as the task's page says."""
        if task.max_tokens is None:
            return self
        other = copy(self)
        other.max_tokens = task.max_tokens
        other.version = replace(self.version, decoding=decoding_of(task.max_tokens))
        return other

    def answer(self, samples: Sequence[Sample]) -> Iterator[tuple[int, Reply]]:
        """Answer samples in any order; boxes come back in pixels of the image."""
        yield from answered(self.engine, self.processor, samples, self.max_tokens) if samples else ()

    def in_pixels(self, text: str, sample: Sample) -> str:
        """Return an answer with its boxes in pixels of the sample's first image."""
        return in_pixels(self.processor, text, sample)


def decoding_of(max_tokens: int) -> str:
    """Return how answers of so many tokens at most are chosen, as predictions record it."""
    return f"greedy, {max_tokens} tokens"


def answered(
    engine: LocalEngine, processor: Processor, samples: Sequence[Sample], max_tokens: int
) -> Iterator[tuple[int, Reply]]:
    """Answer samples in any order; boxes come back in pixels of the sample's first image."""
    for answer in answer_samples(engine, processor, samples, max_tokens):
        yield answer.index, reply_of(answer, in_pixels(processor, answer.text, samples[answer.index]))


def reply_of(answer: TextAnswer, text: str) -> Reply:
    """Return an answer as the runner takes it, in these words; where there is none, the reason.

    A question that is too long for the model fails; it is never cut.
    """
    if answer.error:
        return Reply(output=answer.error.text(), status="error")
    return Reply(
        output=text,
        num_tokens=answer.num_tokens,
        truncated=answer.truncated,
        option_logprobs=answer.option_logprobs,
    )


def in_pixels(processor: Processor, text: str, sample: Sample) -> str:
    """Return an answer with its boxes in pixels of the sample's first image."""
    if not sample.images:
        return text
    return processor.boxes_in_pixels(text, sample.images[0].width, sample.images[0].height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """The questions of one task, and where the answers go."""

    task: Task
    samples: Sequence[Sample]
    folder: Path
    on_progress: EvaluationProgress

    def take(self, examinee: Answering, control: ImageControl) -> Path:
        """Ask what has no answer yet under one image control; return the file of all predictions."""
        return predict(
            self.samples,
            examinee.answer,
            out=self.folder,
            task=self.task,
            model=examinee.version,
            control=control,
            on_progress=lambda done, total: self.on_progress(self.task.name, control, done, total),
        )


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


def few_questions(store: Store, count: int) -> list[Sample]:
    """Return at most so many of a store's samples that can be scored, chosen by a hash of their ids."""
    ids = store.column("id")
    rows = [row for row, kind in enumerate(store.column("answer.kind")) if kind is not None]
    rows.sort(key=lambda row: hashlib.sha256(ids[row].encode()).digest())
    return [store[row] for row in sorted(rows[:count])]
