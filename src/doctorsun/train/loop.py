"""The one training loop of every stage: plan, forward, backward, step, save; resumable at any moment."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import StageSection
from doctorsun.errors import Interrupted
from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.model.forward import PackedForward
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import hold_frozen, learning, set_trainable
from doctorsun.processor.processor import Processor
from doctorsun.storage.store import Store
from doctorsun.train.checkpoint import Checkpoint, checkpoint_folder, find_checkpoint
from doctorsun.train.checkpoint_tensors import restore
from doctorsun.train.health import StageHealth
from doctorsun.train.heap import return_large_pieces
from doctorsun.train.interruption import StopRequest, stop_requests, unbroken
from doctorsun.train.label_table import LabelTable
from doctorsun.train.labels import LabelObjective
from doctorsun.train.loader import Loader, PixelCache, Quarantined, StepBatch
from doctorsun.train.meter import Ceiling, StepMeter
from doctorsun.train.monitor import TARGETS, Examination, StageMonitor
from doctorsun.train.objective import AnyObjective
from doctorsun.train.optimizer import PartsOptimizer, set_learning_rate
from doctorsun.train.parallel import Gradients, shard
from doctorsun.train.plan import SampleRef, StagePlan
from doctorsun.train.preference import PreferenceObjective
from doctorsun.train.reference import ReferencePass
from doctorsun.train.reference_file import FILE, ReferenceFile
from doctorsun.train.replies import ReplyObjective
from doctorsun.train.saver import Saver
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.validation import Validation, validation_plan
from doctorsun.train.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class StageJob:
    """One stage of one run.

    Attributes:
        index: place of the stage among the run's ``num_stages``.
        folder: where its checkpoints go.
        pixels: decoded images, kept from stage to stage.
        ceiling: of the machine, for the share of it that training reaches.
        validation_store: the split that the stage validates on, where it does.
        examination: the evaluation at intervals, where the recipe wants one.
        start: names the weights that it starts with.
        realised: samples and tokens of the whole stage by source, data set, domain and language, for the diary.
        bf16: compute in bfloat16 under autocast; weights and optimizer stay fp32.
        place: moves the network to where it learns, when what is frozen is held as it is computed: in 32 bits it may
            not fit there.
        world: the ranks that train together; each calls `train_stage` with an equal job.
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
    ceiling: Ceiling | None = None
    validation_store: Store | None = None
    examination: Examination | None = None
    start: str = ""
    realised: Sequence[Mapping[str, Any]] = ()
    place: Callable[[nn.Module], None] = lambda _: None
    world: World = field(default_factory=World)


def train_stage(job: StageJob, model: LlavaForConditionalGeneration, telemetry: Telemetry) -> dict[str, int]:
    """Train a model in place to the end of a stage, from its newest sound checkpoint if there is one.

    Returns:
        How often ``samples`` were due, were ``shortened``, and were ``too_long`` to be learnt from.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the state was saved.
        DataError: three steps in a row had no finite gradient, the loss diverges, or more than 1 % of the samples
            cannot be used.
        MachineError: the disk is full; the last checkpoint is intact. Or another rank ended.
    """
    return_large_pieces()
    loop = StageLoop(job, model, telemetry)
    loop.run()
    return loop.health.lengths()


def build_objective(job: StageJob, forward: PackedForward) -> AnyObjective:
    """Make what a stage learns from.

    Raises:
        RecipeError: labels are to be learnt and there are none.
    """
    stage = job.stage
    if stage.objective == "labels":
        facts = (text for pool in job.plan.pools for text in pool.column("facts"))
        return LabelObjective(forward, LabelTable.of(facts), job.processor.images, pack_tokens=stage.pack_tokens)
    lengths = {"max_length": stage.max_length, "pack_tokens": stage.pack_tokens}
    if stage.objective == "preference":
        return PreferenceObjective(forward, job.processor, beta=stage.beta, **lengths)
    return ReplyObjective(forward, job.processor, **lengths)


class StageLoop:
    """The state of a stage while it trains."""

    def __init__(self, job: StageJob, model: LlavaForConditionalGeneration, telemetry: Telemetry) -> None:
        self.job = job
        self.world = job.world
        self.telemetry = telemetry
        self.health = StageHealth(job.name, job.plan, telemetry)
        parts = set_trainable(model, job.stage.trainable, job.stage.adapters, seed=job.seed + job.index)
        hold_frozen(model, bf16=job.bf16)
        job.place(model)
        images = job.processor.images
        self.forward = forward = PackedForward(model.train(), image_mean=images.mean, image_std=images.std)
        if job.stage.recompute:
            recompute_blocks(model)
        self.objective = build_objective(job, forward)
        if self.objective.parameters:
            parts["vision"] |= self.objective.parameters
        self.is_sharded = shard(forward.language, self.world, bf16=job.bf16)
        if self.is_sharded:
            parts = learning(model)
        self.parameters: dict[str, nn.Parameter] = {name: p for named in parts.values() for name, p in named.items()}
        self.gradients = Gradients(self.parameters, self.world)
        self.optimizer = PartsOptimizer(job.stage, parts)
        self.device = model.device
        self.loader = Loader(job.plan, self.objective, job.pixels, self.world)
        self.monitor = self._build_monitor(model)
        self.saver = Saver(
            job.folder / "checkpoints",
            job.plan.fingerprint,
            self.parameters,
            self.optimizer,
            in_background=job.stage.save_in_background,
            is_writer=self.world.is_first,
        )
        self.saved_step = 0
        self.began = time.perf_counter()

    def run(self) -> None:
        """Do the steps that are left."""
        self._look_back()
        start, num_steps = self._resume(), self.job.plan.num_steps
        self.telemetry.rewind(self.job.name, start)
        self._announce(start)
        with stop_requests() as stop, self.saver, closing(self.loader.steps(start, num_steps)) as batches:
            for step, batch in enumerate(self._timed(batches), start):
                whole, is_stopping = self._agree(batch, stop)
                if is_stopping:
                    self._stop(step)
                self._step(step, whole)
                is_best = self.monitor.look(step + 1, self.forward, self._autocast())
                if is_best or self._is_save_due(step + 1):
                    self._save(step + 1)
            if any(self.world.sum_numbers("stop", [float(stop.is_made)])):
                self._stop(num_steps)
        if self.monitor.kept_step not in (None, num_steps):
            self.saver.restore_weights(self.monitor.kept_step)
        facts = {"steps": num_steps, "best_step": self.monitor.best_step, "kept_step": self.monitor.kept_step}
        facts |= {"lengths": self.health.lengths()}
        self.telemetry.write("stage_end", stage=self.job.name, wall_s=round(self._wall_s(), 1), **facts)

    def _agree(self, batch: StepBatch, stop: StopRequest) -> tuple[StepBatch, bool]:
        """Return a batch with the counts of all ranks, and whether any of them was asked to stop."""
        own = (batch.num_samples, batch.num_targets, batch.total_tokens, len(batch.quarantined), stop.is_made)
        sums = self.world.sum_numbers("counts", [float(number) for number in own])
        samples, targets, tokens, quarantined, is_stopping = map(int, sums)
        found = self._all_quarantined(batch) if quarantined else ()
        whole = replace(batch, num_samples=samples, num_targets=targets, total_tokens=tokens, quarantined=found)
        return whole, bool(is_stopping)

    def _all_quarantined(self, batch: StepBatch) -> tuple[Quarantined, ...]:
        rows = [(each.ref.pool, each.ref.row, each.sample, each.reason) for each in batch.quarantined]
        return tuple(
            Quarantined(SampleRef(pool, row), sample, reason)
            for of_rank in self.world.gather("quarantined", rows)
            for pool, row, sample, reason in of_rank
        )

    def _stop(self, done: int) -> None:
        with unbroken():
            if done > self.saved_step:
                self._save(done)
            self._settle()
        raise Interrupted(
            f"stage {self.job.name} was stopped after step {done} of {self.job.plan.num_steps}",
            do="run the same command again to go on",
        )

    def _find_checkpoint(self) -> Checkpoint | None:
        """Return the newest sound checkpoint, which the first rank looks for."""
        root, found = self.saver.root, None
        if self.world.is_first:
            checkpoint, skipped = find_checkpoint(root, self.job.plan.fingerprint)
            for line in skipped:
                self.telemetry.write("warning", text=f"a damaged checkpoint was passed over: {line}")
            found = checkpoint and (checkpoint.step, checkpoint.fingerprint, checkpoint.facts)
        found = self.world.share("checkpoint", found)
        return found and Checkpoint(checkpoint_folder(root, found[0]), *found)

    def _look_back(self) -> None:
        """Measure what preferences start from, while the network is still that of the start."""
        if not isinstance(self.objective, PreferenceObjective):
            return
        job, validation = self.job, self.monitor.validation
        facts = (job.start, job.bf16, job.stage.max_length, job.stage.pack_tokens, job.processor.template.source)
        file = ReferenceFile(job.folder / FILE, hashlib.sha256(repr(facts).encode()).hexdigest())
        reference = ReferencePass(
            stage=job.name,
            objective=self.objective,
            file=file,
            telemetry=self.telemetry,
            autocast=self._autocast,
            world=self.world,
            is_sharded=self.is_sharded,
        )
        loaders = [self.loader, *([validation.loader] if validation else [])]
        unread = reference.measure([loader.plan for loader in loaders], job.pixels)
        for loader, quarantined in zip(loaders, unread, strict=True):
            loader.leave_out(quarantined)

    def _resume(self) -> int:
        checkpoint = self._find_checkpoint()
        if checkpoint is None:
            return 0
        restore(checkpoint, self.parameters, self.optimizer)
        self.health.resume(checkpoint.facts["health"])
        self.monitor.resume(checkpoint.facts["monitor"])
        self.loader.leave_out(self.health.quarantined)
        self.began -= checkpoint.facts["wall_s"]
        self.saved_step = checkpoint.step
        return checkpoint.step

    def _build_monitor(self, model: LlavaForConditionalGeneration) -> StageMonitor:
        job, stage, validation = self.job, self.job.stage, None
        if stage.validation and job.validation_store:
            has_pairs = stage.objective == "preference"
            plan = validation_plan(stage.validation, job.validation_store, seed=job.seed, has_pairs=has_pairs)
            validation = Validation(
                stage.validation,
                plan,
                self.objective,
                self.forward,
                job.processor,
                world=self.world,
                autocast=self._autocast,
            )
        meter = StepMeter(
            TrainingFlops.of(model),
            job.plan.origins,
            job.ceiling,
            device=self.device,
            targets=TARGETS[stage.objective],
            measures=self.objective.measures,
        )
        return StageMonitor(
            job.name,
            job.plan.num_steps,
            self.telemetry,
            meter=meter,
            validation=validation,
            examination=job.examination,
            world=self.world,
        )

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
            self.monitor.meter.begin()
            try:
                batch = next(batches)
            except StopIteration:
                return
            self.monitor.meter.note_batch(sum((each.work for each in batch.batches), Work()))
            yield batch

    def _step(self, step: int, batch: StepBatch) -> None:
        self.saver.check()
        self.health.count_batch(step, batch)
        # Dropout: a resumed run draws the same, and each rank its own.
        torch.manual_seed(self.job.seed * 1_000_003 + step + (self.world.rank << 40))
        lr = set_learning_rate(self.optimizer, self.job.stage, step, self.job.plan.num_steps)
        loss, *counts = self.gradients.sum([self._accumulate(batch), *self.monitor.meter.counts()])
        norm = self.gradients.clip(self.job.stage.max_grad_norm)
        is_finite = math.isfinite(loss) and math.isfinite(norm)
        if is_finite:
            self.optimizer.step()
        self.health.count_gradient(step, is_finite=is_finite)
        self.optimizer.zero_grad()
        self.monitor.end_step(step + 1, batch, counts, loss=loss, lr=lr, grad_norm=norm)

    def _accumulate(self, step_batch: StepBatch) -> float:
        """Add the gradient of the step's mean loss, batch by batch; return that loss."""
        loss = 0.0
        for batch in step_batch.batches:
            with self._autocast():
                share = self.objective.loss(
                    batch.to(self.device), step_targets=step_batch.num_targets, tally=self.monitor.meter.tally
                )
            if share.requires_grad:  # not that of text alone where only what sees trains
                share.backward()
            loss += share.item()
        for _ in range(step_batch.num_passes - len(step_batch.batches) if self.is_sharded else 0):
            with self._autocast():
                idle = self.forward.idle()
            idle.backward()
        return loss

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.job.bf16 else nullcontext()

    def _is_save_due(self, done: int) -> bool:
        """Tell whether to save after a step: at intervals, but not among steps that had no finite gradient."""
        is_interval = done % self.job.stage.save_every_steps == 0 and not self.health.num_bad_steps
        return is_interval or done == self.job.plan.num_steps

    def _save(self, step: int) -> None:
        facts = {"health": self.health.state(), "monitor": self.monitor.state(), "wall_s": self._wall_s()}
        with unbroken():
            self.saver.save(step, facts, best_step=self.monitor.kept_step)
            if not self.job.stage.save_in_background:
                self._settle()
        self.saved_step = step

    def _settle(self) -> None:
        """Wait until the checkpoint is written; no rank ends before the one that writes."""
        self.saver.wait()
        self.world.share("saved", None)

    def _wall_s(self) -> float:
        """Return the seconds of this stage, with those of the processes before up to their last checkpoint."""
        return time.perf_counter() - self.began
