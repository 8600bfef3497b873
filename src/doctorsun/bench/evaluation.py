"""Speed of evaluation beside the published way: one question after the other, transformers' processor and generate."""

import io
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import PIL.Image
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from doctorsun.config import EvaluationSection
from doctorsun.eval.runner import as_asked
from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.processor.chat_template import as_openai
from doctorsun.processor.processor import Processor
from doctorsun.recipes.evaluate import questions
from doctorsun.recipes.evaluate_weights import open_tasks
from doctorsun.recipes.machine import place
from doctorsun.schema import Sample
from doctorsun.weights.folder import find_weights
from doctorsun.weights.hugging_face import load_weights

TARGETS = {"closed": 8.0, "open": 4.0}
"""How many times as fast on a CPU; multiple choice counts as closed."""
NUM_WARM_UP = 8
NUM_PASSES = 3


@dataclass(frozen=True, slots=True)
class Pass:
    """One reading of all questions."""

    wall_s: float
    cpu_s: float
    answers: tuple[str, ...]


def measure_evaluation(
    weights: Path, tasks: Mapping[str, Path], tell: Callable[[str], None], *, num_passes: int = NUM_PASSES
) -> list[dict[str, Any]]:
    """Answer the questions of tasks both ways, in turns, with the same network, stop tokens and most new tokens.

    Our way also weighs the options of closed and multiple-choice questions, as an evaluation does. Nothing is kept
    from pass to pass.

    Args:
        weights: a folder of weights, or of a run that has some.
        tasks: the store or the files of each task.
        tell: told what is left out.
        num_passes: of each way over the questions.

    Returns:
        for closed (with multiple-choice) and for open questions: samples per second of wall and processor time (medians
        of the passes), their ratios (medians of the pairs of passes), the targets, and how many answers are the same.

    Raises:
        RequestError: there are no weights.
        RecipeError: there is no such task.
        DataError: questions cannot be read.
    """
    folder = find_weights(weights)
    by_kind = _asked(tasks, tell)
    model, processor = load_weights(folder)
    place(model)
    contest = Contest(model=model, processor=processor, stock=AutoProcessor.from_pretrained(folder))
    rows: list[dict[str, Any]] = []
    for kind, asked in by_kind.items():
        for way in (contest.ours, contest.one_by_one):
            way(asked[:NUM_WARM_UP])
        pairs = [(_timed(contest.one_by_one, asked), _timed(contest.ours, asked)) for _ in range(num_passes)]
        rows.append({"kind": kind, "threads": torch.get_num_threads()} | _facts(pairs, TARGETS[kind]))
    return rows


def _asked(tasks: Mapping[str, Path], tell: Callable[[str], None]) -> dict[str, list[Sample]]:
    """Read questions as they are put to a model, by how they are answered: in a word, or freely."""
    kinds: dict[str, list[Sample]] = {"closed": [], "open": []}
    with TemporaryDirectory() as folder, ExitStack() as locks:
        for task, store in open_tasks(tasks, Path(folder), locks, tell):
            for sample in questions(store, limit=None):
                is_closed = sample.answer is not None and sample.answer.kind in ("closed", "mcq", "mcq_multi")
                kinds["closed" if is_closed else "open"].append(as_asked(sample, task))
    return {kind: samples for kind, samples in kinds.items() if samples}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """The two ways to answer with one network."""

    model: LlavaForConditionalGeneration
    processor: Processor
    stock: Any
    settings: EvaluationSection = field(default_factory=EvaluationSection)

    def ours(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        """Answer by our engine, made anew."""
        images = self.processor.images
        engine = LocalEngine(self.model, image_mean=images.mean, image_std=images.std, max_batch=self.settings.batch)
        answers = sorted(answer_samples(engine, self.processor, samples, self.settings.max_tokens))
        return tuple(answer.text for answer in answers)

    @torch.inference_mode()
    def one_by_one(self, samples: Sequence[Sample]) -> tuple[str, ...]:
        """Answer by transformers alone."""
        return tuple(self._generated(sample) for sample in samples)

    def _generated(self, sample: Sample) -> str:
        conversation = as_openai(self.processor.question(sample))
        images = iter(sample.images)
        for part in (part for turn in conversation for part in turn["content"] if part["type"] == "image"):
            part["image"] = PIL.Image.open(io.BytesIO(next(images).bytes or b"")).convert("RGB")
        settings = {"tokenize": True, "return_dict": True, "return_tensors": "pt", "add_generation_prompt": True}
        inputs = self.stock.apply_chat_template(conversation, **settings).to(self.model.device)
        stops = list(self.processor.stop_ids)
        limits: dict[str, Any] = {"max_new_tokens": self.settings.max_tokens, "do_sample": False}
        model: Any = self.model  # its class does not tell of ``generate``
        ids = model.generate(**inputs, **limits, eos_token_id=stops, pad_token_id=stops[0])
        return self.stock.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def _timed(way: Callable[[Sequence[Sample]], tuple[str, ...]], samples: Sequence[Sample]) -> Pass:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    answers = way(samples)
    return Pass(time.perf_counter() - wall_s, time.process_time() - cpu_s, answers)


def _facts(pairs: Sequence[tuple[Pass, Pass]], target: float) -> dict[str, Any]:
    theirs, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    num_samples = len(ours[0].answers)
    same = sum(a == b for a, b in zip(theirs[0].answers, ours[0].answers, strict=True))
    cpu_ratio = statistics.median(one.cpu_s / our.cpu_s for one, our in pairs)
    wall_ratio = statistics.median(one.wall_s / our.wall_s for one, our in pairs)
    return {
        "samples": num_samples,
        "same_answers": same,
        "one_by_one_per_s": num_samples / statistics.median(each.wall_s for each in theirs),
        "ours_per_s": num_samples / statistics.median(each.wall_s for each in ours),
        "one_by_one_per_cpu_s": num_samples / statistics.median(each.cpu_s for each in theirs),
        "ours_per_cpu_s": num_samples / statistics.median(each.cpu_s for each in ours),
        "times_as_fast": wall_ratio,
        "times_as_fast_by_cpu": cpu_ratio,
        "target": target,
        "met": min(wall_ratio, cpu_ratio) >= target,
    }
