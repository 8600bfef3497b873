"""What every file of tensors offers: names, shapes and types at once; contents one tensor at a time."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """What a tensor is, without its contents."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of the contents."""
        return math.prod(self.shape) * self.dtype.itemsize


class TensorFiles(Protocol):
    """The tensors of one file, of the shards of a folder, or of a checkpoint in pieces."""

    @property
    def headers(self) -> Mapping[str, TensorHeader]:
        """Every tensor by its name; reading them opens no contents."""
        ...

    def read(self, name: str) -> Tensor:
        """Return one tensor, read from the disk now and held by nobody else.

        Raises:
            WeightsError: the file is cut short or damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class ManyTensorFiles:
    """Several files as one; a name stands in one of them."""

    files: tuple[TensorFiles, ...]

    @property
    def headers(self) -> Mapping[str, TensorHeader]:
        """Every tensor of every file."""
        return dict(self._items())

    def read(self, name: str) -> Tensor:
        """Return one tensor from the file that holds it.

        Raises:
            KeyError: no file holds it.
        """
        for file in self.files:
            if name in file.headers:
                return file.read(name)
        raise KeyError(name)

    def _items(self) -> Iterator[tuple[str, TensorHeader]]:
        for file in self.files:
            yield from file.headers.items()
