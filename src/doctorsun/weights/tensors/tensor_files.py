"""What every file of tensors offers: names, shapes and types at once; contents one tensor at a time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from doctorsun.weights.tensors.number_type import NumberType

MAX_NAMES_TOLD, MAX_NAME_LENGTH = 8, 80

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """What a tensor is, without its contents."""

    dtype: NumberType
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of the contents."""
        return math.prod(self.shape) * self.dtype.itemsize


@runtime_checkable
class TensorFiles(Protocol):
    """The tensors of one file, of the shards of a folder, or of a checkpoint in pieces."""

    @property
    def headers(self) -> Mapping[str, TensorHeader]:
        """Every tensor by its name; reading them opens no contents."""
        ...

    @property
    def foreign(self) -> tuple[str, ...]:
        """The classes and functions that the files name besides tensors, sorted; none is imported or run."""
        ...

    def read(self, name: str) -> "Tensor":
        """Return one tensor, read from the disk now and held by nobody else.

        Raises:
            WeightsError: the file is cut short or damaged.
        """
        ...


@dataclass(frozen=True, slots=True)
class ManyTensorFiles:
    """Several files as one; a name stands in one of them.

    Attributes:
        files: what is put together.
        headers: every tensor of every file.
        foreign: the classes and functions that any of them names.
    """

    files: tuple[TensorFiles, ...]
    headers: Mapping[str, TensorHeader] = field(init=False)
    foreign: tuple[str, ...] = field(init=False)
    _holders: Mapping[str, TensorFiles] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note once which file holds each tensor."""
        object.__setattr__(self, "headers", {name: head for file in self.files for name, head in file.headers.items()})
        object.__setattr__(self, "foreign", tuple(sorted({name for file in self.files for name in file.foreign})))
        object.__setattr__(self, "_holders", {name: file for file in self.files for name in file.headers})

    def read(self, name: str) -> "Tensor":
        """Return one tensor from the file that holds it.

        Raises:
            KeyError: no file holds it.
        """
        return self._holders[name].read(name)


def strange_names(files: TensorFiles) -> tuple[str, ...]:
    """Tell of classes and functions in files whose readers elsewhere would run them."""
    told = [_shown(name) for name in files.foreign[:MAX_NAMES_TOLD]]
    more = f" and {len(files.foreign) - len(told)} more" if len(files.foreign) > len(told) else ""
    return (f"names {', '.join(told)}{more}: none is run",) if told else ()


def _shown(name: str) -> str:
    """Return a name that a file gives so that it cannot steer a terminal."""
    whole = name if name.isprintable() else ascii(name)[1:-1]
    return whole if len(whole) <= MAX_NAME_LENGTH else f"{whole[:MAX_NAME_LENGTH]}…"
