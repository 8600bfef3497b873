"""What a stage leaves: its adapters as peft writes them, and a stock folder with all that was learnt in it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.config import LoraSection, PartName
from doctorsun.model.adapters import adapted_layers
from doctorsun.model.trainable import learning
from doctorsun.storage.atomic import atomic_folder
from doctorsun.storage.sums import write_sums
from doctorsun.weights.adapter_folder import write_adapter
from doctorsun.weights.hugging_face import PROCESSOR_FILES
from doctorsun.weights.lazy import LazyTensor, LazyTensors, with_prefix
from doctorsun.weights.lora import joined
from doctorsun.weights.parts import Adapter, LowRankPair
from doctorsun.weights.portable_names import LANGUAGE, PROJECTOR, VISION, portable_name
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.shard_writer import PROGRESS, in_order_of_files, write_shards
from doctorsun.weights.tensors.tensor_files import TensorHeader

PREFIXES: Mapping[PartName, str] = {"vision": VISION, "projector": PROJECTOR, "language": LANGUAGE}
KEPT = ("config.json", "generation_config.json", *PROCESSOR_FILES)
"""Files of the start that say nothing of the weights' values."""


def save_trained(
    model: LlavaForConditionalGeneration,
    start: Path,
    folder: Path,
    *,
    adapters: Mapping[PartName, LoraSection] | None = None,
    is_writer: bool = True,
) -> None:
    """Write ``weights`` of a stage, and before them ``adapters/PART`` for each part that learnt by adapters.

    Frozen weights are copied from the start, bit by bit: in memory they may be held in fewer bits. What was learnt is
    rounded once, to the type of the start. One tensor is in memory at a time; what is sharded among ranks is gathered
    when it is written, so all ranks call this.

    Args:
        model: after the stage, with its trainable parts set.
        start: stock folder that the stage started from.
        folder: of the stage; what a killed call left in it is written anew.
        adapters: settings of the adapters, by part.
        is_writer: write files; of several ranks one does, while the others help to gather.

    Raises:
        DataError: there is a folder ``weights`` already.
        WeightsError: a file of the start is damaged.
        MachineError: the disk is full; no ``weights`` are left.
    """
    learnt = _learnt(model)
    tensors = trained_tensors(model, start, learnt)
    if not is_writer:
        for name in in_order_of_files(tensors):
            if name in learnt:
                learnt[name].compute()
        return
    for part, lora in (adapters or {}).items():
        place = folder / "adapters" / part
        shutil.rmtree(place, ignore_errors=True)
        write_adapter(place, adapted_layers(model, part), lora, base=start)
    with atomic_folder(folder / "weights") as partial:
        sums = write_shards(tensors, partial)
        (partial / PROGRESS).unlink()
        for name in KEPT:
            # A processor that transformers saved has its image settings inside processor_config.json.
            if (start / name).exists():
                shutil.copyfile(start / name, partial / name)
        write_sums(partial, sums)


def trained_tensors(
    model: LlavaForConditionalGeneration, start: Path, learnt: LazyTensors | None = None
) -> dict[str, LazyTensor]:
    """Describe the tensors after a stage, by their names on disk, in the order and the types of its start.

    Args:
        model: after the stage, with its trainable parts set.
        start: stock folder that the stage started from.
        learnt: weights that were learnt in full; None: the model's.
    """
    files, learnt = open_tensors(start), _learnt(model) if learnt is None else learnt
    changed: dict[str, LazyTensor] = {}
    for part, prefix in PREFIXES.items():
        tensors = with_prefix(files, prefix) | {
            name.removeprefix(prefix): tensor.to(files.headers[name].dtype)
            for name, tensor in learnt.items()
            if name.startswith(prefix)
        }
        adapter = Adapter(part=part, pairs=_pairs(model, part))
        changed |= {prefix + name: tensor for name, tensor in joined(tensors, adapter).items()}
    return {name: changed[name] for name in files.headers}


def _learnt(model: LlavaForConditionalGeneration) -> dict[str, LazyTensor]:
    """Return the weights that were learnt in full, by their names on disk."""
    return {
        portable_name(name): _in_memory(name, parameter)
        for part, named in learning(model).items()
        if not adapted_layers(model, part)
        for name, parameter in named.items()
    }


def _pairs(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, LowRankPair]:
    return {
        portable_name(f"{layer.name}.weight").removeprefix(PREFIXES[part]): LowRankPair(
            down=_in_memory(layer.name, layer.down), up=_in_memory(layer.name, layer.up), scale=layer.scale
        )
        for layer in adapted_layers(model, part)
    }


def _in_memory(name: str, tensor: Tensor) -> LazyTensor:
    header = TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape))
    return LazyTensor(header, lambda: _whole(tensor.detach()).cpu(), (name,))


def _whole(tensor: Tensor) -> Tensor:
    """Return a tensor, gathered where it is sharded among ranks."""
    gather = getattr(tensor, "full_tensor", None)
    return tensor if gather is None else gather()
