"""What a step cost and achieved: speed, waiting, share of the machine's ceiling, memory, loss by origin."""

import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.train.plan import Origin
from doctorsun.train.tally import LossTally, means_by, measure_means

KIB_PER_GIB = 2**20
TERA = 1e12


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How many 10^12 floating-point operations per second all devices of a run reach at best.

    Attributes:
        measured_tflops: in plain matrix products, measured on this machine.
        datasheet_tflops: by the maker's data sheet; None where it is not known.
    """

    measured_tflops: float
    datasheet_tflops: float | None = None


class StepMeter:
    """Takes the time and the counts of one step after another.

    Args:
        flops: of the network as it trains.
        origins: of the samples.
        ceiling: what the share of the machine is taken of; no share is told without one.
        device: where the losses are.
        targets: what the loss counts, as the diary names it.
        measures: names of what the objective tells beside its loss.
    """

    def __init__(
        self,
        flops: TrainingFlops,
        origins: Sequence[Origin],
        ceiling: Ceiling | None,
        *,
        device: torch.device,
        targets: str,
        measures: Sequence[str] = (),
    ) -> None:
        self.flops = flops
        self.origins = origins
        self.ceiling = ceiling
        self.device = device
        self.targets = targets
        self.measures = tuple(measures)
        self.began = time.perf_counter()
        self.loader_wait_s = 0.0
        self.work = Work()
        self.tally = LossTally(len(origins), device, len(self.measures))

    def begin(self) -> None:
        """Start a step: from here on the loop waits for its batch."""
        self.began = time.perf_counter()
        self.work = Work()
        self.tally = LossTally(len(self.origins), self.device, len(self.measures))

    def note_batch(self, work: Work) -> None:
        """Note that the batch of the step is there, and what it holds."""
        self.loader_wait_s = time.perf_counter() - self.began
        self.work = work

    def counts(self) -> list[float]:
        """Return what is to be added up over all ranks: operations, losses and targets by origin, measures."""
        tally = self.tally
        sums = (tally.losses, tally.targets, tally.measures)
        return [self.flops.count(self.work), *(number for each in sums for number in each.tolist())]

    def facts(self, counts: Sequence[float], *, samples: int, targets: int, total_tokens: int) -> dict[str, Any]:
        """Return what the diary tells of the step that ends now.

        Args:
            counts: as `counts` gives them, added up over all ranks.
            samples: of the whole step.
            targets: of the whole step.
            total_tokens: of the whole step.
        """
        step_s = time.perf_counter() - self.began
        size = len(self.origins)
        flops, losses, per_origin = counts[0], counts[1 : 1 + size], counts[1 + size : 1 + 2 * size]
        return {
            "samples": samples,
            self.targets: targets,
            "total_tokens": total_tokens,
            "padding_share": 0.0,
            "loader_wait_s": round(self.loader_wait_s, 4),
            "loader_wait_share": round(self.loader_wait_s / step_s, 4),
            "step_s": round(step_s, 4),
            "samples_per_s": _short(samples / step_s),
            f"{self.targets}_per_s": _short(targets / step_s),
            "total_tokens_per_s": _short(total_tokens / step_s),
            "tflops": _short(flops / TERA),
            **self._shares(flops / TERA / step_s),
            "peak_memory_gib": round(peak_memory_gib(self.device), 3),
            **measure_means(self.measures, counts[1 + 2 * size :], targets),
            "loss_by_source": means_by("source", self.origins, losses, per_origin),
            "loss_by_language": means_by("language", self.origins, losses, per_origin),
        }

    def _shares(self, tflops_per_s: float) -> dict[str, float]:
        if self.ceiling is None:
            return {}
        of_measured = {"mfu": round(tflops_per_s / self.ceiling.measured_tflops, 4)}
        if self.ceiling.datasheet_tflops is None:
            return of_measured
        return of_measured | {"mfu_datasheet": round(tflops_per_s / self.ceiling.datasheet_tflops, 4)}


def peak_memory_gib(device: torch.device) -> float:
    """Return the most memory that this process has held so far: of its GPU, or of the machine where it has none."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_GIB


def _short(value: float) -> float:
    """Return a number with five significant digits."""
    return float(f"{value:.5g}")
