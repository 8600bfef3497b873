"""Tensors that are described now and computed when they are written, so that no model is ever whole in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorFiles, TensorHeader

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """One tensor of the result.

    Attributes:
        header: type and shape of what ``compute`` returns.
        compute: reads the sources and returns the tensor; nothing is kept afterwards.
        sources: names, in the published files, of the tensors that it uses: each must be used somewhere.
        rounded: of a sum: returns it rounded once, to another floating-point type; None: `compute` tells all there is.
    """

    header: TensorHeader
    compute: "Callable[[], Tensor]"
    sources: tuple[str, ...]
    rounded: "Callable[[NumberType], LazyTensor] | None" = None

    def map(self, change: "Callable[[Tensor], Tensor]", header: TensorHeader | None = None) -> "LazyTensor":
        """Return this tensor after a change, which may give it another type or shape."""
        compute = self.compute
        return replace(self, header=header or self.header, compute=lambda: change(compute()), rounded=None)

    def to(self, dtype: NumberType) -> "LazyTensor":
        """Return this tensor in another floating-point type."""
        if dtype == self.header.dtype or not self.header.dtype.is_floating_point:
            return self
        if self.rounded is not None:
            return self.rounded(dtype)
        return self.map(lambda tensor: tensor.to(dtype.torch), TensorHeader(dtype, self.header.shape))


LazyTensors = Mapping[str, LazyTensor]


def lazy_tensor(files: TensorFiles, name: str) -> LazyTensor:
    """Return a tensor of a file as it stands there."""
    return LazyTensor(files.headers[name], lambda: files.read(name), (name,))


def with_prefix(files: TensorFiles, prefix: str) -> dict[str, LazyTensor]:
    """Return the tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): lazy_tensor(files, name) for name in files.headers if name.startswith(prefix)}
