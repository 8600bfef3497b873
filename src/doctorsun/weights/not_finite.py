"""Weights that hold NaN or infinity, found while their tensors pass: they are taken as they are, and told."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.tensors.open import open_tensors


@dataclass(slots=True)
class NotFinite:
    """Which tensors were looked at, and which of them hold something else than finite numbers."""

    seen: set[str] = field(default_factory=set[str])
    found: set[str] = field(default_factory=set[str])

    def watched(self, tensors: LazyTensors) -> dict[str, LazyTensor]:
        """Return the tensors, each looked at when it is made."""
        return {name: self._watched(name, tensor) for name, tensor in tensors.items()}

    def look_at_others(self, folder: Path, tensors: LazyTensors) -> None:
        """Look at what an earlier call has written, of which nothing was made now.

        Args:
            folder: holds the written tensors.
            tensors: all of them.

        Raises:
            WeightsError: a file is damaged.
        """
        files = open_tensors(folder)
        for name in sorted(tensors.keys() - self.seen):
            self._look(name, files.read(name))

    def told(self) -> tuple[str, ...]:
        """Return one sentence on the tensors that were found; none where all numbers are finite."""
        if not self.found:
            return ()
        first, num_others = min(self.found), len(self.found) - 1
        others = f" and {num_others} other{'s' if num_others > 1 else ''}" if num_others else ""
        return (f"NaN or infinity in {first}{others}: damaged, or broken in training",)

    def _watched(self, name: str, tensor: LazyTensor) -> LazyTensor:
        def look(made: Tensor) -> Tensor:
            self._look(name, made)
            return made

        return tensor.map(look)

    def _look(self, name: str, made: Tensor) -> None:
        self.seen.add(name)
        # One pass and no copy, unlike isfinite(); NaN goes through aminmax.
        if made.numel() and not all(end.isfinite() for end in made.aminmax()):
            self.found.add(name)
