"""Joining LoRA changes into the weights that they were trained on, one tensor at a time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.parts import Adapter, LowRankPair
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

if TYPE_CHECKING:
    from torch import Tensor

ROWS_AT_ONCE = 4096
"""Rows that are wide at a time: in float32 the head of an 8B model alone would take 2 GB, and its change as much."""


def joined(tensors: LazyTensors, adapter: Adapter) -> dict[str, LazyTensor]:
    """Return the tensors of a part with the changes of an adapter in them: ``weight + scale * up @ down``.

    Sums, of several changes too, are taken in float32 (float64 for such weights) and rounded once: to the type of the
    weight, or to the one that is asked of the result with `LazyTensor.to`.

    Args:
        tensors: of the part, by its names.
        adapter: changes of this part; what it replaces keeps the type that it was trained in.

    Raises:
        WeightsError: a change finds no weight, or one of another shape.
    """
    result = dict(tensors)
    for name, tensor in adapter.replaced.items():
        _require_fit(name, result, adapter, tensor.header.shape)
        result[name] = tensor
    for name, pair in adapter.pairs.items():
        up, down = pair.up.header.shape, pair.down.header.shape
        _require_pair(name, adapter, up, down)
        _require_fit(name, result, adapter, (up[0], *down[1:]))
        result[name] = _changed(result[name], pair)
    return result


def _changed(weight: LazyTensor, pair: LowRankPair) -> LazyTensor:
    dtype, shape = weight.header.dtype, weight.header.shape
    unrounded = weight if weight.rounded is None else weight.to(_wide(dtype))  # a sum already: it is rounded at the end
    sources = (*weight.sources, *pair.up.sources, *pair.down.sources)

    def rounded(to: NumberType) -> LazyTensor:
        def compute() -> "Tensor":
            return _add(unrounded.compute(), pair, to)

        return LazyTensor(TensorHeader(to, shape), compute, sources, rounded)

    return rounded(dtype)


def _wide(dtype: NumberType) -> NumberType:
    return max(NumberType.FLOAT32, dtype, key=lambda each: each.itemsize)


def _add(weight: "Tensor", pair: LowRankPair, to: NumberType) -> "Tensor":
    """Return ``weight + scale * up @ down``, rounded once.

    Of a convolution, each kernel is a row (peft, ``lora/layer.py``).
    """
    import torch

    wide = _wide(NumberType.of(weight.dtype)).torch
    up, down = (factor.compute().flatten(1).to(wide) for factor in (pair.up, pair.down))
    result = torch.empty_like(weight, dtype=to.torch).flatten(1)
    rows = weight.flatten(1)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        result[block] = torch.addmm(rows[block].to(wide), up[block], down, alpha=pair.scale)
    return result.view(weight.shape)


def _require_pair(name: str, adapter: Adapter, up: tuple[int, ...], down: tuple[int, ...]) -> None:
    if len(up) < 2 or len(down) < 2 or up[1:] != (down[0], *(1,) * (len(up) - 2)) or not down[0]:  # noqa: PLR2004
        raise WeightsError(
            f"the adapter of the {adapter.part} part: {name}",
            got=f"factors of shapes {list(up)} and {list(down)}",
            expected="[out, rank] and [rank, in]",
            do="save the adapter again; a rank of DeepSpeed's stage 3 may have saved its share alone",
        )


def _require_fit(name: str, tensors: Mapping[str, LazyTensor], adapter: Adapter, shape: tuple[int, ...]) -> None:
    base = tensors[name].header.shape if name in tensors else None
    if base != shape:
        raise WeightsError(
            f"the adapter of the {adapter.part} part: {name}",
            got="no such weight in the base" if base is None else f"a weight of shape {list(base)} in the base",
            expected=f"one of shape {list(shape)}, which this adapter was trained on",
            do="give the base of this very adapter; adapter_config.json names it in base_model_name_or_path",
        )
