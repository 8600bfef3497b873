"""Loss on samples that are not trained on: a fixed set, laid out like the steps, told apart by source and language."""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from doctorsun.config import ValidationSection
from doctorsun.errors import DataError
from doctorsun.model.forward import PackedForward
from doctorsun.processor.processor import Processor
from doctorsun.storage.store import Store
from doctorsun.train.loader import Loader, PixelCache, StepBatch
from doctorsun.train.objective import AnyObjective
from doctorsun.train.plan import Pool, StagePlan
from doctorsun.train.tally import LossTally, means_by, measure_means
from doctorsun.train.world import World

CHUNK_SAMPLES = 64
"""Samples whose images are in memory at once."""


def validation_plan(section: ValidationSection, store: Store, *, seed: int, has_pairs: bool = False) -> StagePlan:
    """Choose the samples: the same whenever they are asked for, questions of an image together.

    Where the wanted number cannot be parted evenly, up to one in 64 is left out.

    Args:
        section: which source, and how many.
        store: its split.
        seed: of the recipe.
        has_pairs: only samples with rejected replies.

    Raises:
        RecipeError: the store has no such sample.
    """
    pool = Pool.select(section.source, store, has_pairs=has_pairs)
    wanted = min(section.samples, len(pool.rows))
    num_chunks = math.ceil(wanted / CHUNK_SAMPLES)
    size = wanted // num_chunks
    chosen = np.isin(pool.rows, pool.take((seed, 0), 0, num_chunks * size))
    part = Pool(section.source, store, pool.rows[chosen], pool.groups[chosen])
    return StagePlan([part], [1.0], batch_samples=size, num_steps=num_chunks, seed=seed)


class Validation:
    """Measures the loss of a network that is being trained; its state is left as it was.

    Args:
        section: when it is measured, and what follows.
        plan: the samples.
        objective: what the loss is.
        forward: the network.
        processor: decodes the images.
        world: the ranks, which share the samples.
        autocast: the precision of training.
    """

    def __init__(
        self,
        section: ValidationSection,
        plan: StagePlan,
        objective: AnyObjective,
        forward: PackedForward,
        processor: Processor,
        *,
        world: World,
        autocast: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self.section = section
        self.plan = plan
        self.objective = objective
        self.forward = forward
        self.world = world
        self.autocast = autocast
        # Of its own: the other cache belongs to the thread that loads the steps.
        self.loader = Loader(plan, objective, PixelCache(processor, capacity_bytes=2**28), world)

    def measure(self) -> dict[str, Any]:
        """Return the mean loss over all targets, by source and by language, as the diary tells it.

        Raises:
            DataError: no sample can be used.
        """
        began = time.perf_counter()
        tally = LossTally(len(self.plan.origins), self.forward.mean.device, len(self.objective.measures))
        num_samples = 0
        model = self.forward.model
        model.eval()
        try:
            for chunk in range(self.plan.num_steps):
                batch = self.loader.load(chunk)
                num_samples += batch.num_samples
                self._pass(batch, tally)
        finally:
            model.train()
        own = [num_samples, *tally.losses.tolist(), *tally.targets.tolist(), *tally.measures.tolist()]
        samples, *sums = self.world.sum_numbers("validation", [float(number) for number in own])
        size = len(self.plan.origins)
        losses, targets, measures = sums[:size], sums[size : 2 * size], sums[2 * size :]
        if not sum(targets):
            raise DataError(
                f"the validation source '{self.plan.pools[0].name}'",
                got=f"none of {self.plan.num_samples} samples that can be used{self._first_reason()}",
                expected="samples of the kind that the stage is trained on",
                do="name another source, or take 'validation' out of the stage",
            )
        return {
            "loss": sum(losses) / sum(targets),
            **measure_means(self.objective.measures, measures, int(sum(targets))),
            "samples": int(samples),
            "left_out": self.plan.num_samples - int(samples),
            "loss_by_source": means_by("source", self.plan.origins, losses, targets),
            "loss_by_language": means_by("language", self.plan.origins, losses, targets),
            "wall_s": round(time.perf_counter() - began, 2),
        }

    @torch.no_grad()
    def _pass(self, step: StepBatch, tally: LossTally) -> None:
        for batch in step.batches:
            with self.autocast():
                self.objective.loss(batch.to(self.forward.mean.device), step_targets=1, tally=tally)
        for _ in range(step.num_passes - len(step.batches) if self.world.size > 1 else 0):
            with self.autocast():  # where the language model is sharded, all ranks gather it equally often
                self.forward.idle()

    def _first_reason(self) -> str:
        reason = next(iter(self.loader.quarantined.values()), None)
        return f", the first: {reason.reason}" if reason else ""
