"""When a stage must stop: too many unusable samples, or steps in a row without a finite gradient."""

from collections.abc import Mapping
from typing import Any

from doctorsun.errors import DataError
from doctorsun.train.loader import Quarantined, StepBatch, sample_name
from doctorsun.train.plan import SampleRef, StagePlan
from doctorsun.train.telemetry import Telemetry

MAX_BAD_STEPS = 3
MAX_QUARANTINED_SHARE = 0.01
NAMED_SAMPLES = 8


class StageHealth:
    """Counts what goes wrong in a stage and records it in the diary.

    Attributes:
        quarantined: the samples that could not be used, in this process and those before it.
        num_quarantined: how often one of them was due.
        num_seen: samples of all steps so far.
        num_shortened: how often a sample was due that lost its last turns, because with them it is too long.
        num_too_long: how often one was due whose first turn is too long already; this is no damage.
        num_bad_steps: steps in a row without a finite gradient.
    """

    def __init__(self, stage: str, plan: StagePlan, telemetry: Telemetry) -> None:
        self.stage = stage
        self.plan = plan
        self.telemetry = telemetry
        self.quarantined: list[Quarantined] = []
        self.num_quarantined = 0
        self.num_seen = 0
        self.num_shortened = 0
        self.num_too_long = 0
        self.num_bad_steps = 0

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps, as JSON."""
        return {
            "quarantined": [[each.ref.pool, each.ref.row, each.sample, each.reason] for each in self.quarantined],
            "num_quarantined": self.num_quarantined,
            "num_seen": self.num_seen,
            "num_shortened": self.num_shortened,
            "num_too_long": self.num_too_long,
            "num_bad_steps": self.num_bad_steps,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Take over what the processes before had found."""
        rows = state["quarantined"]
        self.quarantined = [Quarantined(SampleRef(pool, row), sample, reason) for pool, row, sample, reason in rows]
        self.num_quarantined = state["num_quarantined"]
        self.num_seen = state["num_seen"]
        self.num_shortened = state["num_shortened"]
        self.num_too_long = state["num_too_long"]
        self.num_bad_steps = state["num_bad_steps"]

    def count_batch(self, step: int, batch: StepBatch) -> None:
        """Count the samples of a step (the first is step 0).

        Raises:
            DataError: more than 1 % of all samples so far, and more than one, cannot be used; or none of this step.
        """
        known = {each.ref for each in self.quarantined}
        for each in batch.quarantined:
            facts = {"sample": each.sample, "reason": each.reason}
            self.telemetry.write("quarantined", stage=self.stage, step=step + 1, **facts)
        self.quarantined += [each for each in batch.quarantined if each.ref not in known]
        self.num_quarantined += len(batch.quarantined)
        self.num_seen += self.plan.size(step)
        self._count_lengths(step, batch)
        allowed = max(1, MAX_QUARANTINED_SHARE * self.num_seen)
        if self.num_quarantined > allowed or not batch.num_samples:
            raise DataError(
                f"stage {self.stage} cannot use its data",
                got=f"{self.num_quarantined} unusable of {self.num_seen} samples",
                expected="at most 1 %",
                do=f"the reasons stand in {self.telemetry.path}; mend the store",
            )

    def lengths(self) -> dict[str, int]:
        """Return how often samples were due, lost their last turns, and were too long to be learnt from."""
        return {"samples": self.num_seen, "shortened": self.num_shortened, "too_long": self.num_too_long}

    def _count_lengths(self, step: int, batch: StepBatch) -> None:
        is_first = not (self.num_shortened or self.num_too_long)
        self.num_shortened += batch.num_shortened
        self.num_too_long += batch.num_too_long
        if is_first and (self.num_shortened or self.num_too_long):
            text = f"{self.stage} has samples longer than max_length; the end of the stage tells how many"
            self.telemetry.write("note", stage=self.stage, step=step + 1, text=text)
        if batch.num_too_long and not (batch.num_samples or batch.quarantined):
            raise DataError(
                f"step {step + 1} of {self.stage} holds nothing to learn from",
                got=f"{batch.num_too_long} samples, all too long",
                expected="samples whose first turn fits max_length",
                do="raise the stage's max_length, or its batch",
            )

    def count_gradient(self, step: int, *, is_finite: bool) -> None:
        """Count a step whose gradient was computed (the first is step 0).

        Raises:
            DataError: it is the third in a row that is not finite.
        """
        if is_finite:
            self.num_bad_steps = 0
            return
        self.num_bad_steps += 1
        names = self._names(step)
        text = f"step {step + 1} of {self.stage} had no finite gradient: {names}"
        self.telemetry.write("warning", stage=self.stage, step=step + 1, text=text)
        if self.num_bad_steps == MAX_BAD_STEPS:
            raise DataError(
                f"stage {self.stage} stopped at step {step + 1}",
                got=f"{MAX_BAD_STEPS} steps in a row without a finite gradient",
                expected="finite losses",
                do=f"lower the learning rate, or look at the samples {names}",
            )

    def _names(self, step: int) -> str:
        refs = self.plan.step(step)
        names = [self._name(ref) for ref in refs[:NAMED_SAMPLES]]
        return ", ".join(names) + (" ..." if len(refs) > NAMED_SAMPLES else "")

    def _name(self, ref: SampleRef) -> str:
        """Return where a user finds a sample: its id, its data set and what that calls it."""
        pool = self.plan.pools[ref.pool]
        try:
            source = pool.store.without_bytes(ref.row).source
        except DataError:
            return sample_name(self.plan, ref)
        origin = f"{source.dataset} {source.original_id}".strip()
        return f"{sample_name(self.plan, ref)} ({pool.name}, row {ref.row}: {origin})"
