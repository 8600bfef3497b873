"""How many bytes a computation holds at most: followed operation by operation, without memory or arithmetic."""

import weakref
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class LiveBytes(TorchDispatchMode):
    """Follows the bytes of all tensors that are made while it is on, until each is freed.

    Attributes:
        now: bytes that are held.
        peak: the most that were held since the last `restart`.

    Args:
        num_places: how many places a search for places finds: under `without_memory` no number is known.
    """

    def __init__(self, *, num_places: int | None = None) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self._num_places = num_places
        self._sizes: dict[int, int] = {}

    def ignore(self, tensor: Tensor) -> None:
        """Count nothing for a tensor that was there before."""
        self._sizes.setdefault(_key(tensor), 0)

    def restart(self) -> int:
        """Return the peak, and begin the next one."""
        peak, self.peak = self.peak, self.now
        return peak

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        if func is torch.ops.aten.nonzero.default and self._num_places is not None:
            result = torch.empty((self._num_places, args[0].ndim), dtype=torch.int64, device=args[0].device)
        else:
            result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self._note(tensor)
        return result

    def _note(self, tensor: Tensor) -> None:
        key = _key(tensor)
        if key not in self._sizes:
            storage = tensor.untyped_storage()
            self._sizes[key] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._free, key)

    def _free(self, key: int) -> None:
        self.now -= self._sizes.pop(key)


@contextmanager
def without_memory(model: nn.Module) -> Generator[None]:
    """Let tensors that are made in the block have shape and type as on a CPU, and no numbers.

    Source: torch.compiler's fake tensors, https://docs.pytorch.org/docs/stable/torch.compiler_fake_tensor.html.

    Args:
        model: on the device ``meta``; its tensors become such ones too.
    """
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cpu"):
        made: dict[int, nn.Parameter] = {}
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if id(parameter) not in made:
                    empty = torch.empty_like(parameter, device="cpu")
                    made[id(parameter)] = nn.Parameter(empty, requires_grad=parameter.requires_grad)
                setattr(module, name, made[id(parameter)])
            for name, buffer in module.named_buffers(recurse=False):
                setattr(module, name, torch.empty_like(buffer, device="cpu"))
        yield


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
