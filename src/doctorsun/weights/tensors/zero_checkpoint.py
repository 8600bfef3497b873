"""A DeepSpeed ZeRO checkpoint as one set of tensors, each put together from the ranks' parts when it is read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.tensor_files import TensorHeader
from doctorsun.weights.tensors.torch_file import TorchArchive
from doctorsun.weights.tensors.torch_pickle import StoredTensor
from doctorsun.weights.tensors.zero_ranks import PARTITIONED, Part, RankFile, cut, model_files, optimizer_files

if TYPE_CHECKING:
    from torch import Tensor

FP32_GROUPS, FP32_GROUPS_PARTITIONED = "single_partition_of_fp32_groups", "fp32_flat_groups"


@dataclass(frozen=True, slots=True)
class SplitTensor:
    """A tensor whose numbers lie in several files, one part after the other."""

    header: TensorHeader
    parts: tuple[Part, ...]

    def read(self, name: str) -> "Tensor":
        """Return it, reading its own bytes alone; messages call it by the name."""
        import torch

        numbers, end = torch.empty(math.prod(self.header.shape), dtype=self.header.dtype.torch), 0
        for part in self.parts:
            part.read_into(numbers[end : end + part.num_elements], name)
            end += part.num_elements
        return numbers.reshape(self.header.shape)


@dataclass(frozen=True, slots=True)
class WholeTensor:
    """A tensor that one file holds whole."""

    archive: TorchArchive
    stored: StoredTensor

    @property
    def header(self) -> TensorHeader:
        """Its type and shape."""
        return self.stored.header

    def read(self, name: str) -> "Tensor":
        """Return it; messages call it by the name."""
        return self.archive.read(self.stored, name)


@dataclass(frozen=True, slots=True)
class ZeroCheckpoint:
    """The tensors of a training whose ranks hold parts of them.

    Attributes:
        tensors: where each lies.
        headers: every tensor; what was trained has the optimizer's float32, the others the type they were kept in.
        foreign: the classes and functions that the files of the ranks name.
    """

    tensors: Mapping[str, SplitTensor | WholeTensor]
    headers: Mapping[str, TensorHeader]
    foreign: tuple[str, ...]

    def read(self, name: str) -> "Tensor":
        """Return one tensor, read now.

        Raises:
            WeightsError: a file is cut or damaged.
        """
        return self.tensors[name].read(name)


def open_zero_checkpoint(folder: Path) -> ZeroCheckpoint:
    """Read which tensors the ranks of a ZeRO training wrote, and where their parts lie.

    Sources: ``deepspeed/utils/zero_to_fp32.py`` (how parts become parameters) and ``deepspeed/runtime/engine.py``
    (what stands in the files) of deepspeedai/DeepSpeed; mmengine writes them into ``iter_N.pth/``.

    Raises:
        WeightsError: the file of a rank is missing or damaged, layers are split over ranks, or the parts do not add
            up to the parameters.
    """
    stage, optimizers = optimizer_files(folder)
    models = model_files(folder, stage=stage, num_ranks=len(optimizers))
    groups = [_shapes(models[0], group) for group in models[0].get("param_shapes", list)]
    tensors: dict[str, SplitTensor | WholeTensor] = {}
    if stage == PARTITIONED:
        tensors.update(_partitioned(models[0], groups, [_flats(rank, FP32_GROUPS_PARTITIONED) for rank in optimizers]))
        tensors.update(_frozen_partitioned(models))
    else:
        tensors.update(_grouped(models[0], groups, [_flats(rank, FP32_GROUPS) for rank in optimizers]))
        tensors.update(_whole(models[0], models[0].content.get("frozen_param_fragments") or {}))
    rest = models[0].get("module", dict)
    if stage == PARTITIONED:  # there the parameters of the module are empty
        rest = {name: tensor for name, tensor in rest.items() if name in models[0].get("buffer_names", list)}
    tensors.update(_whole(models[0], {name: tensor for name, tensor in rest.items() if name not in tensors}))
    for name, source in (models[0].content.get("shared_params") or {}).items():
        if source in tensors:
            tensors[name] = tensors[source]
    foreign = {name for rank in (*models, *optimizers) for name in rank.archive.foreign}
    headers = {name: tensor.header for name, tensor in tensors.items()}
    return ZeroCheckpoint(tensors, headers, tuple(sorted(foreign)))


def _shapes(rank: RankFile, group: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of parameters by name, in the order in which their numbers lie."""
    if not isinstance(group, dict) or not all(_is_shape(shape) for shape in group.values()):
        raise rank.wrong("shapes of another kind", "the shape of each parameter by its name")
    return {str(name): tuple(shape) for name, shape in group.items()}


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)


def _flats(rank: RankFile, key: str) -> list[Part]:
    return [rank.flat(tensor) for tensor in rank.get(key, list)]


def _grouped(
    model: RankFile, groups: Sequence[Mapping[str, tuple[int, ...]]], flats: Sequence[Sequence[Part]]
) -> Iterator[tuple[str, SplitTensor]]:
    """Give the parameters of stages 1 and 2: the ranks' parts of a group follow one another, then comes padding."""
    if any(len(parts) != len(groups) for parts in flats):
        raise model.wrong(f"{len(groups)} groups of parameters", f"{[len(parts) for parts in flats]}, as their parts")
    alignment = 2 * len(flats)  # what DeepSpeed pads a group to (nccl_start_alignment_factor)
    for number, shapes in enumerate(groups):
        group = [parts[number] for parts in flats]
        first, available = 0, sum(part.num_elements for part in group)
        for name, shape in shapes.items():
            num_elements = math.prod(shape)
            parts = cut(group, first, num_elements)
            yield name, SplitTensor(TensorHeader(group[0].flat.header.dtype, shape), parts)
            first += num_elements
        if first > available or -(-first // alignment) != -(-available // alignment):
            raise _not_adding_up(model, available, first)


def _partitioned(
    model: RankFile, groups: Sequence[Mapping[str, tuple[int, ...]]], flats: Sequence[Sequence[Part]]
) -> Iterator[tuple[str, SplitTensor]]:
    """Give the parameters of stage 3: each rank holds its share of every one, the last share filled up."""
    first = 0
    for name, shape in (item for shapes in groups for item in shapes.items()):
        num_elements, share = math.prod(shape), _share(shape, len(flats))
        parts = [
            part
            for number, rank in enumerate(flats)
            for part in cut(rank, first, min(share, num_elements - number * share))
        ]
        yield name, SplitTensor(TensorHeader(flats[0][0].flat.header.dtype, shape), tuple(parts))
        first += share
    for rank in flats:
        available = sum(part.num_elements for part in rank)
        if available != first:
            raise _not_adding_up(model, available, first)


def _frozen_partitioned(models: Sequence[RankFile]) -> Iterator[tuple[str, SplitTensor]]:
    """Give the parameters that stage 3 split but did not train."""
    for name, shape in _shapes(models[0], models[0].content.get("frozen_param_shapes") or {}).items():
        shares = [rank.flat(rank.get("frozen_param_fragments", dict).get(name)) for rank in models]
        share = _share(shape, len(models))
        if any(part.num_elements != share for part in shares):
            raise _not_adding_up(models[0], sum(part.num_elements for part in shares), math.prod(shape))
        parts = cut(shares, 0, math.prod(shape))
        yield name, SplitTensor(TensorHeader(shares[0].flat.header.dtype, shape), parts)


def _whole(rank: RankFile, tensors: Mapping[Any, Any]) -> Iterator[tuple[str, WholeTensor]]:
    for name, tensor in tensors.items():
        if isinstance(tensor, StoredTensor):
            rank.archive.find(tensor.storage)
            yield str(name), WholeTensor(rank.archive, tensor)


def _share(shape: tuple[int, ...], num_ranks: int) -> int:
    return -(-math.prod(shape) // num_ranks)


def _not_adding_up(model: RankFile, available: int, needed: int) -> WeightsError:
    return model.wrong(f"{needed} numbers in the parameters", f"{available}, as the ranks hold")
