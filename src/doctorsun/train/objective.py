"""What a stage learns from: how its samples become batches, and the loss of a batch."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from doctorsun.model.flops import Work
from doctorsun.schema import Sample
from doctorsun.train.tally import LossTally


@runtime_checkable
class Item(Protocol):
    """A prepared sample."""

    @property
    def images(self) -> tuple[str, ...]:
        """Hashes of its images, in order."""
        ...

    @property
    def lost_turns(self) -> int:
        """Turns at its end that it lost, because with them it would be too long."""
        ...


@runtime_checkable
class Batch(Protocol):
    """What one forward pass takes."""

    @property
    def num_targets(self) -> int:
        """What the loss is the mean of: tokens, labels or pairs of replies."""
        ...

    @property
    def num_tokens(self) -> int:
        """Positions that pass through the network."""
        ...

    @property
    def work(self) -> Work:
        """What the network computes."""
        ...

    def to(self, device: torch.device) -> "Batch":
        """Move everything to a device."""
        ...


ItemT = TypeVar("ItemT", bound=Item)
BatchT = TypeVar("BatchT", bound=Batch)


@runtime_checkable
class Objective(Protocol[ItemT, BatchT]):
    """One way to learn from samples."""

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """What it trains beside the network; dropped when the stage ends."""
        ...

    @property
    def measures(self) -> tuple[str, ...]:
        """What its loss tells beside itself: names of means over the targets."""
        ...

    def item(self, sample: Sample, *, origin: int = 0) -> ItemT:
        """Prepare a sample; ``origin`` says whose loss it adds to, as a place among the plan's origins.

        Raises:
            TooLong: it is sound, but longer than the stage takes.
            DataError: it cannot be learnt from.
        """
        ...

    def layout(self, items: Sequence[ItemT], num_ranks: int) -> list[list[list[ItemT]]]:
        """Lay the samples of a step out before any image opens; equal items give equal layouts on every rank.

        Returns:
            For each rank, the items of each of its forward passes.
        """
        ...

    def batch(self, items: Sequence[ItemT], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]) -> BatchT:
        """Build one forward pass from some of its items in their order; ``pixels`` holds their images by hash."""
        ...

    def loss(self, batch: BatchT, *, step_targets: int, tally: LossTally | None = None) -> Float[Tensor, ""]:
        """Return a batch's share of the step's mean loss, so that gradients of the batches add up to the mean's.

        Args:
            batch: part of a step.
            step_targets: targets of the whole step.
            tally: takes the same losses by origin, where they are wanted.
        """
        ...


AnyObjective = Objective[Any, Any]
