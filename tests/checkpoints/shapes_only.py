"""Tensors that have a shape and no contents, for what reads headers alone."""

from collections.abc import Mapping

from torch import Tensor

from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader


def shapes_only(shapes: Mapping[str, tuple[int, ...]], dtype: NumberType = NumberType.FLOAT16) -> dict[str, LazyTensor]:
    """Return tensors that nobody may read, each from a file's tensor of the same name."""
    return {name: LazyTensor(TensorHeader(dtype, shape), _unreadable, (name,)) for name, shape in shapes.items()}


def _unreadable() -> Tensor:
    raise AssertionError("the contents of a tensor were read")
