"""The loss of a step told apart by where its samples come from, added up while the batches pass."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from doctorsun.train.plan import Origin


class LossTally:
    """Sums of losses and counts of their targets, by origin, on the device where the losses are.

    Args:
        num_origins: how many origins there are; each loss says which one is its own.
        device: of the losses.
        num_measures: what the objective tells beside its loss, as many numbers for each target.
    """

    def __init__(self, num_origins: int, device: torch.device, num_measures: int = 0) -> None:
        self.measures = torch.zeros(num_measures, dtype=torch.float32, device=device)
        self.losses = torch.zeros(num_origins, dtype=torch.float32, device=device)
        self.targets = torch.zeros(num_origins, dtype=torch.float32, device=device)

    def add(
        self,
        origins: Int[Tensor, " parts"],
        losses: Float[Tensor, " parts"],
        targets: Num[Tensor, " parts"] | None = None,
    ) -> None:
        """Add the losses of a batch; no gradient passes.

        Args:
            origins: of each loss.
            losses: one for each target, or one for each sample.
            targets: how many targets each loss is the sum of; 1 when None.
        """
        added = losses.detach().float()
        self.losses.index_add_(0, origins, added)
        self.targets.index_add_(0, origins, torch.ones_like(added) if targets is None else targets.float())

    def add_measures(self, measures: Float[Tensor, "targets measures"]) -> None:
        """Add what the objective tells of the targets of a batch beside their losses; no gradient passes."""
        self.measures += measures.detach().float().sum(0)


def means_by(
    field: Literal["source", "language"], origins: Sequence[Origin], losses: Sequence[float], targets: Sequence[float]
) -> dict[str, float]:
    """Return the mean loss per target of each source, or of each language, that has targets.

    Args:
        field: by what to part.
        origins: all origins.
        losses: sum of the losses of each.
        targets: how many targets each sum is over.
    """
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for origin, loss, count in zip(origins, losses, targets, strict=True):
        name = getattr(origin, field)
        sums[name] = sums.get(name, 0.0) + loss
        counts[name] = counts.get(name, 0.0) + count
    return {name: total / counts[name] for name, total in sums.items() if counts[name]}


def measure_means(names: Sequence[str], sums: Sequence[float], targets: int) -> dict[str, float]:
    """Return the mean of each measure over all targets; nothing where there is no target."""
    return {name: total / targets for name, total in zip(names, sums, strict=True)} if targets else {}
