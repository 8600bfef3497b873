"""The evaluation at intervals: a few questions of each task, asked of the network while it is being trained."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import LlavaForConditionalGeneration

from doctorsun.config import Recipe
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.runner import ModelVersion, Reply, predict
from doctorsun.eval.scoring import score
from doctorsun.eval.summary import headline_metric
from doctorsun.eval.tasks import task_named
from doctorsun.generate.engine import LocalEngine
from doctorsun.processor.processor import Processor
from doctorsun.recipes.evaluate import answered, few_questions
from doctorsun.recipes.stores import RunStores
from doctorsun.schema import Sample
from doctorsun.train.monitor import Examination


def examination_of(recipe: Recipe, stores: RunStores, processor: Processor) -> Examination | None:
    """Return the evaluation that a recipe wants during its stages; None where it wants none.

    Args:
        recipe: the settings.
        stores: the data.
        processor: of the network.
    """
    section = recipe.evaluation
    if section.every_steps is None or not section.tasks:
        return None
    asked = {
        name: few_questions(stores.open(task.source, task.split), section.questions_at_intervals)
        for name, task in section.tasks.items()
    }
    version = ModelVersion(name=recipe.name, revision="", decoding=f"greedy, {section.max_tokens} tokens")

    def examine(model: LlavaForConditionalGeneration) -> dict[str, float]:
        images = processor.images
        engine = LocalEngine(model, image_mean=images.mean, image_std=images.std, max_batch=section.batch)

        def answer(samples: Sequence[Sample]) -> Iterator[tuple[int, Reply]]:
            return answered(engine, processor, samples, section.max_tokens)

        scores: dict[str, float] = {}
        for name, samples in asked.items():
            with TemporaryDirectory() as folder:
                path = predict(samples, answer, out=Path(folder), task=task_named(name), model=version)
                rows = score(read_predictions(path))
            whole = [row for row in rows if row.slice is None]
            headlines = [row for row in whole if row.metric == headline_metric(row.kind, row.protocol)]
            scores |= {f"{row.task}/{row.kind}/{row.language}/{row.metric}": row.value for row in headlines}
        return scores

    return Examination(every_steps=section.every_steps, examine=examine)
