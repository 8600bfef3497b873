"""Watches a stage: measures its steps, validates at intervals, knows the best weights, stops what diverges."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlavaForConditionalGeneration

from doctorsun.model.attention import PACKED_ATTENTION
from doctorsun.model.forward import PackedForward
from doctorsun.train.divergence import Divergence
from doctorsun.train.loader import StepBatch
from doctorsun.train.meter import StepMeter
from doctorsun.train.parallel import gathered
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.validation import Validation
from doctorsun.train.world import World

TARGETS = {"replies": "supervised_tokens", "labels": "labels", "preference": "pairs"}
"""What the loss of each objective counts, as the diary names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """An evaluation at intervals, passed in from above: training itself knows no tasks.

    Attributes:
        every_steps: after how many steps it takes place.
        examine: asks a network and returns scores by name, such as ``phantom/closed/en/accuracy``.
    """

    every_steps: int
    examine: Callable[[LlavaForConditionalGeneration], Mapping[str, float]]


class StageMonitor:
    """What is known about the course of one stage.

    Args:
        name: of the stage.
        num_steps: of the stage.
        telemetry: where everything is written.
        meter: measures the steps.
        validation: measures the loss on other samples, where the stage wants it.
        examination: evaluates at intervals, where the recipe wants it.
        world: the ranks.
    """

    def __init__(
        self,
        name: str,
        num_steps: int,
        telemetry: Telemetry,
        *,
        meter: StepMeter,
        validation: Validation | None,
        examination: Examination | None,
        world: World,
    ) -> None:
        self.name = name
        self.num_steps = num_steps
        self.telemetry = telemetry
        self.meter = meter
        self.validation = validation
        self.examination = examination
        self.world = world
        self.divergence = Divergence(name)
        self.best_loss = math.inf
        self.best_step: int | None = None

    @property
    def kept_step(self) -> int | None:
        """The step whose weights the stage ends with, as far as is known; None where that is the last one."""
        return self.best_step if self.validation and self.validation.section.keep == "best" else None

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, as JSON."""
        best = None if self.best_step is None else [self.best_step, self.best_loss]
        return {"divergence": self.divergence.state(), "best": best}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Take over what the processes before had seen."""
        self.divergence.resume(state["divergence"])
        if state["best"] is not None:
            self.best_step, self.best_loss = state["best"]

    def end_step(
        self, done: int, batch: StepBatch, counts: Sequence[float], *, loss: float, lr: float, grad_norm: float
    ) -> None:
        """Write a step into the diary.

        Args:
            done: steps done, this one included.
            batch: of the step, with the counts of all ranks.
            counts: of the meter, added up over all ranks.
            loss: mean of the step.
            lr: the highest learning rate.
            grad_norm: before clipping.

        Raises:
            DataError: the loss diverges.
        """
        facts = self.meter.facts(
            counts, samples=batch.num_samples, targets=batch.num_targets, total_tokens=batch.total_tokens
        )
        self.telemetry.write("step", stage=self.name, step=done, loss=loss, lr=lr, grad_norm=grad_norm, **facts)
        self.divergence.count(done, loss, is_finite=math.isfinite(loss) and math.isfinite(grad_norm))

    def look(self, done: int, forward: PackedForward, autocast: AbstractContextManager[object]) -> bool:
        """Validate and evaluate where it is time to; tell whether these weights are the best, and to be kept.

        Args:
            done: steps done.
            forward: the network.
            autocast: the precision of training.

        Raises:
            DataError: no validation sample can be used.
        """
        is_best = self._validate(done)
        if self.examination and self._is_due(done, self.examination.every_steps):
            with gathered(forward.language), autocast:
                self._evaluate(done, forward.model, self.examination)
        return is_best and self.kept_step is not None

    def _is_due(self, done: int, every_steps: int) -> bool:
        return done % every_steps == 0 or done == self.num_steps

    def _validate(self, done: int) -> bool:
        if self.validation is None or not self._is_due(done, self.validation.section.every_steps):
            return False
        facts = self.validation.measure()
        is_best = facts["loss"] < self.best_loss
        if is_best:
            self.best_loss, self.best_step = facts["loss"], done
        self.telemetry.write("validation", stage=self.name, step=done, **facts, best_step=self.best_step)
        return is_best

    def _evaluate(self, done: int, model: LlavaForConditionalGeneration, examination: Examination) -> None:
        """Let the first rank answer; the others wait."""
        if self.world.is_first:
            language = model.model.language_model
            language.set_attn_implementation("sdpa")
            try:
                with torch.no_grad():
                    scores = dict(examination.examine(model))
            finally:
                model.train()
                language.set_attn_implementation(PACKED_ATTENTION)
            self.telemetry.write("evaluation", stage=self.name, step=done, scores=scores)
        self.world.share("evaluation", None)
