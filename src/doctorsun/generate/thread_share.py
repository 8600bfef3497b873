"""The cores that a small network leaves to those who prepare its requests."""

from types import TracebackType
from typing import Self

import torch
from torch import nn

# To decode and resize an image takes longer than to answer a question about it with so few.
_MAX_PARAMETERS = 20_000_000


class ThreadShare:
    """Gives a small network one thread while its requests are prepared, and all of them otherwise.

    Threads that share a core with those who decode images wait for each other in every product. As a context, it gives
    torch its threads back at the end.
    """

    def __init__(self, network: nn.Module) -> None:
        self._num_threads = torch.get_num_threads()
        self._is_small = sum(weight.numel() for weight in network.parameters()) <= _MAX_PARAMETERS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch.set_num_threads(self._num_threads)

    def leave(self, *, are_needed: bool) -> None:
        """Leave the other cores to those who prepare requests, or take them back."""
        torch.set_num_threads(1 if are_needed and self._is_small else self._num_threads)
