"""What a checkpoint holds of a network and its optimizer, one tensor at a time in both directions."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from doctorsun.errors import WeightsError
from doctorsun.train.checkpoint import OPTIMIZER, WEIGHTS, Checkpoint, CheckpointTensors
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import TensorFiles, TensorHeader

Parameters = Mapping[str, nn.Parameter]


def checkpoint_tensors(parameters: Parameters, optimizer: PartsOptimizer) -> dict[str, dict[str, LazyTensor]]:
    """Describe all that a checkpoint holds; what is sharded among ranks is gathered when it is computed.

    All ranks must compute the tensors, each once and in this order, which is the order of the file.
    """
    kept = {
        f"{slot}:{name}": tensor
        for name, parameter in parameters.items()
        for slot, tensor in optimizer.state_of(parameter).items()
    }
    return {WEIGHTS: _described(parameters), OPTIMIZER: _described(kept)}


def copied(tensors: CheckpointTensors) -> dict[str, dict[str, LazyTensor]]:
    """Compute all tensors now and keep them, so that training may go on while they are written."""
    return {kind: {name: _kept(tensor) for name, tensor in members.items()} for kind, members in tensors.items()}


def restore(checkpoint: Checkpoint, parameters: Parameters, optimizer: PartsOptimizer) -> None:
    """Put a checkpoint's weights and optimizer state back.

    Raises:
        WeightsError: its tensors are not those that train.
    """
    restore_weights(checkpoint, parameters)
    files = open_tensors(checkpoint.folder / OPTIMIZER)
    slots: dict[str, list[str]] = {name: [] for name in parameters}  # empty before the first step
    for key in files.headers:
        slot, _, name = key.partition(":")
        slots[name].append(slot)
    for name, parameter in parameters.items():
        if slots[name]:
            optimizer.set_state(parameter, {slot: _slot(files, slot, name, parameter) for slot in slots[name]})


def restore_weights(checkpoint: Checkpoint, parameters: Parameters) -> None:
    """Put a checkpoint's weights back.

    Raises:
        WeightsError: its tensors are not those that train.
    """
    files = open_tensors(checkpoint.folder / WEIGHTS)
    odd = [name for name in sorted(files.headers.keys() | parameters) if not _fits(files, name, parameters)]
    if odd:
        raise WeightsError(
            f"{checkpoint.folder}",
            got=f"a checkpoint that differs in {odd[0]}",
            expected="the tensors that train",
            do="use another --out, or remove the stage's folder to train it again",
        )
    for name, parameter in parameters.items():
        parameter.data.copy_(_placed_like(parameter.data, files.read(name)))


def in_order(tensors: CheckpointTensors) -> Iterator[LazyTensor]:
    """Yield all tensors as they are written."""
    for members in tensors.values():
        yield from members.values()


def _described(tensors: Mapping[str, Tensor]) -> dict[str, LazyTensor]:
    """Return tensors with the largest numbers first: files hold them so."""
    lazy = {name: _lazy(name, tensor) for name, tensor in tensors.items()}
    return dict(sorted(lazy.items(), key=lambda item: -item[1].header.dtype.itemsize))


def _lazy(name: str, tensor: Tensor) -> LazyTensor:
    header = TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape))
    return LazyTensor(header, lambda: whole(tensor.detach()).cpu(), (name,))


def _kept(tensor: LazyTensor) -> LazyTensor:
    # A copy in every case: on a CPU, what was computed is the memory that the optimizer steps.
    copy = tensor.compute().clone()
    return LazyTensor(tensor.header, lambda: copy, tensor.sources)


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor, gathered where it is sharded among ranks."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _fits(files: TensorFiles, name: str, parameters: Parameters) -> bool:
    return name in files.headers and name in parameters and files.headers[name].shape == tuple(parameters[name].shape)


def _slot(files: TensorFiles, slot: str, name: str, parameter: nn.Parameter) -> Tensor:
    """Read what the optimizer keeps; what has the parameter's shape lies where the parameter lies."""
    kept = files.read(f"{slot}:{name}")
    return _placed_like(parameter.data, kept) if kept.shape == parameter.shape else kept.to(parameter.device)


def _placed_like(example: Tensor, tensor: Tensor) -> Tensor:
    """Move a tensor to the device of another, and shard it where that one is sharded."""
    tensor = tensor.to(example.device)
    if not isinstance(example, DTensor):
        return tensor
    return distribute_tensor(tensor, example.device_mesh, example.placements, src_data_rank=None)
