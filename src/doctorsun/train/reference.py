"""The start of a preference stage: how likely its replies are under the weights that it starts with, measured once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from doctorsun.errors import Interrupted
from doctorsun.schema import Sample
from doctorsun.train.interruption import stop_requests
from doctorsun.train.loader import Loader, PixelCache, Quarantined, StepBatch
from doctorsun.train.pairs import PairBatch, PairItem, collate_pairs
from doctorsun.train.plan import SampleRef, StagePlan
from doctorsun.train.preference import PreferenceObjective
from doctorsun.train.reference_file import Left, ReferenceFile
from doctorsun.train.tally import LossTally
from doctorsun.train.telemetry import Telemetry
from doctorsun.train.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePass:
    """Measures the replies of plans before the first step, while the network is still what the stage started with.

    What is known is never measured again: not in a later epoch, and not after a kill.

    Attributes:
        stage: its name.
        objective: takes what is measured.
        file: keeps it; the first of the ranks reads and writes.
        telemetry: is told how far the work is.
        autocast: the precision of training.
        is_sharded: all ranks gather the language model equally often.
    """

    stage: str
    objective: PreferenceObjective
    file: ReferenceFile
    telemetry: Telemetry
    autocast: Callable[[], AbstractContextManager[object]]
    world: World = field(default_factory=World)
    is_sharded: bool = False

    def measure(self, plans: Sequence[StagePlan], pixels: PixelCache) -> list[list[Quarantined]]:
        """Measure all samples of some plans; return for each plan those that could not be read.

        Raises:
            Interrupted: Ctrl-C or SIGTERM; what was measured is kept.
            MachineError: the disk is full; what was measured before is kept.
        """
        known = self.file.read() if self.world.is_first else None
        rows, complete = self.world.share("reference", known)
        self.objective.reference |= {key: tuple(row) for key, row in rows.items()}
        return [
            _quarantined(complete[name] if (name := _name(plan)) in complete else self._measured(plan, pixels))
            for plan in plans
        ]

    def _measured(self, plan: StagePlan, pixels: PixelCache) -> Left:
        loader = Loader(plan, _Unknown(self.objective), pixels, self.world)
        model = self.objective.forward.model
        model.eval()
        try:
            with stop_requests() as stop, closing(loader.steps(0, plan.num_steps)) as steps:
                for number, step in enumerate(steps, 1):
                    self._keep(step)
                    self._tell(number, plan.num_steps)
                    if any(self.world.sum_numbers("stop", [float(stop.is_made)])):
                        raise Interrupted(
                            f"stage {self.stage} was stopped before its first step",
                            do="run the same command again to go on",
                        )
        finally:
            model.train()
        own = [[each.ref.pool, each.ref.row, each.sample, each.reason] for each in loader.quarantined.values()]
        left_out = [row for of_rank in self.world.gather("quarantined", own) for row in of_rank]
        if self.world.is_first:
            self.file.close_plan(_name(plan), left_out)
        return left_out

    @torch.no_grad()
    def _keep(self, step: StepBatch) -> None:
        """Measure what a step holds that is new, on all ranks, and keep what they found."""
        if not step.num_passes:
            return
        found: dict[str, list[float]] = {}
        forward = self.objective.forward
        for batch in step.batches:
            assert isinstance(batch, PairBatch)  # noqa: S101 (what `_Unknown` builds)
            with self.autocast():
                values = self.objective.log_probabilities(batch.to(forward.mean.device)).tolist()
            for item in batch.items:
                found[item.key], values = values[: len(item.replies)], values[len(item.replies) :]
        for _ in range(step.num_passes - len(step.batches) if self.is_sharded else 0):
            with self.autocast():
                forward.idle()
        rows = {key: row for of_rank in self.world.gather("reference", found) for key, row in of_rank.items()}
        self.objective.reference |= {key: tuple(row) for key, row in rows.items()}
        if self.world.is_first:
            self.file.add(rows)

    def _tell(self, done: int, num_steps: int) -> None:
        """Tell twenty times how far the work is."""
        if done * 20 // num_steps != (done - 1) * 20 // num_steps:
            self.telemetry.write("reference", stage=self.stage, done=done, num_steps=num_steps)


class _Unknown:
    """The objective as a `Loader` sees it here: each sample once, and only where it is not known."""

    measures: tuple[str, ...] = ()

    def __init__(self, objective: PreferenceObjective) -> None:
        self.objective = objective
        self.parameters: dict[str, nn.Parameter] = {}
        self.taken = set(objective.reference)

    def item(self, sample: Sample, *, origin: int = 0) -> PairItem:
        return self.objective.item(sample, origin=origin)

    def layout(self, items: Sequence[PairItem], num_ranks: int) -> list[list[list[PairItem]]]:
        new = {item.key: item for item in items if item.key not in self.taken}
        self.taken |= new.keys()
        return self.objective.layout(list(new.values()), num_ranks)

    def batch(self, items: Sequence[PairItem], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]) -> PairBatch:
        return collate_pairs(items, pixels, [[0.0] * len(item.replies) for item in items])

    def loss(self, batch: PairBatch, *, step_targets: int, tally: LossTally | None = None) -> torch.Tensor:
        return self.objective.loss(batch, step_targets=step_targets, tally=tally)


def _name(plan: StagePlan) -> str:
    return f"{plan.fingerprint} {plan.num_steps}"


def _quarantined(left_out: Left) -> list[Quarantined]:
    return [Quarantined(SampleRef(pool, row), sample, reason) for pool, row, sample, reason in left_out]
