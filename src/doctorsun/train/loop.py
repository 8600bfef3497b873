"""The one training loop of every stage: plan, forward, backward, step, save; resumable at any moment."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import StageSection
from doctorsun.errors import Interrupted
from doctorsun.model.forward import PackedForward
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.processor.processor import Processor
from doctorsun.train.checkpoint import find_checkpoint
from doctorsun.train.checkpoint_tensors import restore
from doctorsun.train.health import StageHealth
from doctorsun.train.interruption import stop_requests
from doctorsun.train.label_table import LabelTable
from doctorsun.train.labels import LabelObjective
from doctorsun.train.loader import Loader, PixelCache, StepBatch
from doctorsun.train.objective import AnyObjective
from doctorsun.train.optimizer import PartsOptimizer, set_learning_rate
from doctorsun.train.plan import StagePlan
from doctorsun.train.replies import ReplyObjective
from doctorsun.train.saver import Saver
from doctorsun.train.telemetry import Telemetry

_TARGETS = {"replies": "supervised_tokens", "labels": "labels"}
"""What the loss of each objective counts, as the diary names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageJob:
    """One stage of one run.

    Attributes:
        index: place of the stage among the run's ``num_stages``.
        folder: where its checkpoints go.
        pixels: decoded images, kept from stage to stage.
        realised: samples and tokens of the whole stage by source, data set, domain and language, for the diary.
        bf16: compute in bfloat16 under autocast; weights and optimizer stay fp32.
    """

    name: str
    index: int
    num_stages: int
    stage: StageSection
    plan: StagePlan
    processor: Processor
    pixels: PixelCache
    folder: Path
    seed: int
    bf16: bool
    realised: Sequence[Mapping[str, Any]] = ()


def train_stage(job: StageJob, model: LlavaForConditionalGeneration, telemetry: Telemetry) -> None:
    """Train a model in place to the end of a stage, from its newest sound checkpoint if there is one.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
        DataError: three steps in a row had no finite gradient, or more than 1 % of the samples cannot be used.
        MachineError: the disk is full; the last checkpoint is intact.
    """
    StageLoop(job, model, telemetry).run()


def build_objective(job: StageJob, forward: PackedForward) -> AnyObjective:
    """Make what a stage learns from.

    Raises:
        RecipeError: labels are to be learnt and there are none.
    """
    stage = job.stage
    if stage.objective == "labels":
        facts = (text for pool in job.plan.pools for text in pool.column("facts"))
        return LabelObjective(forward, LabelTable.of(facts), job.processor.images, pack_tokens=stage.pack_tokens)
    return ReplyObjective(forward, job.processor, max_length=stage.max_length, pack_tokens=stage.pack_tokens)


class StageLoop:
    """The state of a stage while it trains."""

    def __init__(self, job: StageJob, model: LlavaForConditionalGeneration, telemetry: Telemetry) -> None:
        self.job = job
        self.telemetry = telemetry
        self.health = StageHealth(job.name, job.plan, telemetry)
        parts = set_trainable(model, job.stage.trainable, job.stage.adapters, seed=job.seed + job.index)
        hold_frozen(model, bf16=job.bf16)
        if job.stage.recompute:
            recompute_blocks(model)
        images = job.processor.images
        forward = PackedForward(model.train(), image_mean=images.mean, image_std=images.std)
        self.objective = build_objective(job, forward)
        if self.objective.parameters:
            parts["vision"] |= self.objective.parameters
        self.parameters: dict[str, nn.Parameter] = {name: p for named in parts.values() for name, p in named.items()}
        self.optimizer = PartsOptimizer(job.stage, parts)
        self.device = model.device
        self.loader = Loader(job.plan, self.objective, job.pixels)
        self.saver = Saver(
            job.folder / "checkpoints",
            job.plan.fingerprint,
            self.parameters,
            self.optimizer,
            in_background=job.stage.save_in_background,
        )
        self.began = self.step_began = time.perf_counter()
        self.loader_wait_s = 0.0

    def run(self) -> None:
        """Do the steps that are left."""
        start, num_steps = self._resume(), self.job.plan.num_steps
        self.telemetry.rewind(self.job.name, start)
        self._announce(start)
        with stop_requests() as stop, self.saver, closing(self.loader.steps(start, num_steps)) as batches:
            for done, batch in enumerate(self._timed(batches), start + 1):
                self._step(done - 1, batch)
                is_stopping = stop.is_made
                if is_stopping or self._is_save_due(done):
                    self._save(done)
                if is_stopping:
                    self.saver.wait()
                    raise Interrupted(
                        f"stage {self.job.name} was stopped after step {done} of {num_steps}",
                        do="run the same command again to go on",
                    )
        self.telemetry.write("stage_end", stage=self.job.name, steps=num_steps, wall_s=round(self._wall_s(), 1))

    def _resume(self) -> int:
        checkpoint, skipped = find_checkpoint(self.saver.root, self.job.plan.fingerprint)
        for line in skipped:
            self.telemetry.write("warning", text=f"a damaged checkpoint was passed over: {line}")
        if checkpoint is None:
            return 0
        restore(checkpoint, self.parameters, self.optimizer)
        self.health.resume(checkpoint.facts["health"])
        self.loader.leave_out(self.health.quarantined)
        self.began -= checkpoint.facts["wall_s"]
        return checkpoint.step

    def _announce(self, start: int) -> None:
        plan = self.job.plan
        self.telemetry.write(
            "stage_start",
            stage=self.job.name,
            stage_index=self.job.index,
            num_stages=self.job.num_stages,
            num_steps=plan.num_steps,
            first_step=start,
            samples=plan.num_samples,
            trainable_parameters=sum(p.numel() for p in self.parameters.values()),
            mixture=plan.source_shares(),
            languages=plan.language_shares(),
            realised=self.job.realised,
        )

    def _timed(self, batches: Iterator[StepBatch]) -> Iterator[StepBatch]:
        """Yield batches; note how long the loop waited for each."""
        while True:
            self.step_began = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self.loader_wait_s = time.perf_counter() - self.step_began
            yield batch

    def _step(self, step: int, batch: StepBatch) -> None:
        self.saver.check()
        self.health.count_batch(step, batch)
        torch.manual_seed(self.job.seed * 1_000_003 + step)  # dropout; a resumed run draws the same
        lr = set_learning_rate(self.optimizer, self.job.stage, step, self.job.plan.num_steps)
        loss = self._accumulate(batch)
        norm = float(nn.utils.clip_grad_norm_(self.parameters.values(), self.job.stage.max_grad_norm))
        is_finite = math.isfinite(loss) and math.isfinite(norm)
        if is_finite:
            self.optimizer.step()
        self.health.count_gradient(step, is_finite=is_finite)
        self.optimizer.zero_grad()
        self.telemetry.write(
            "step",
            stage=self.job.name,
            step=step + 1,
            loss=loss,
            lr=lr,
            grad_norm=norm,
            samples=batch.num_samples,
            **{_TARGETS[self.job.stage.objective]: batch.num_targets},
            total_tokens=batch.total_tokens,
            padding_share=0.0,
            loader_wait_s=round(self.loader_wait_s, 4),
            step_s=round(time.perf_counter() - self.step_began, 4),
        )

    def _accumulate(self, step_batch: StepBatch) -> float:
        """Add the gradient of the step's mean loss, batch by batch; return that loss."""
        loss = 0.0
        for batch in step_batch.batches:
            with self._autocast():
                share = self.objective.loss(batch.to(self.device), step_targets=step_batch.num_targets)
            share.backward()
            loss += share.item()
        return loss

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.job.bf16 else nullcontext()

    def _is_save_due(self, done: int) -> bool:
        """Tell whether to save after a step: at intervals, but not among steps that had no finite gradient."""
        is_interval = done % self.job.stage.save_every_steps == 0 and not self.health.num_bad_steps
        return is_interval or done == self.job.plan.num_steps

    def _save(self, step: int) -> None:
        self.saver.save(step, {"health": self.health.state(), "wall_s": self._wall_s()})

    def _wall_s(self) -> float:
        """Return the seconds of this stage, with those of the processes before up to their last checkpoint."""
        return time.perf_counter() - self.began
