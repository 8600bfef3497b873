"""A DeepSpeed ZeRO checkpoint as its engine writes one, for any stage and number of ranks, without DeepSpeed.

Names and layout: deepspeedai/DeepSpeed@00158f6, ``deepspeed/utils/zero_to_fp32.py`` (what is read),
``runtime/engine.py`` (``_save_checkpoint``, ``_get_zero_param_shapes``: the files), ``runtime/zero/stage_1_and_2.py``
(``state_dict``: padding to 2 x ranks, taken off the last rank's part again) and ``runtime/zero/stage3.py`` (each
parameter padded to the ranks). The folder is mmengine's ``iter_N.pth`` (open-mmlab/mmengine@05f631f,
``_strategy/deepspeed.py``: the tag is the name of the file, and the runner's state stands beside the network's).
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]


class ZeroStageEnum(IntEnum):
    """DeepSpeed's way to write the stage."""

    optimizer_states = 1
    gradients = 2
    weights = 3


class LossScaler:
    """An object of the training that no reader of weights knows."""

    def __init__(self) -> None:
        self.cur_scale = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroTraining:
    """What a training holds when it saves.

    Attributes:
        groups: the float32 parameters that are trained, by the optimizer's groups.
        frozen: parameters that are not, in the type of the network.
        buffers: what the network holds beside parameters.
        shared: other names of parameters: name, and the name that it shares.
        half: the type of the network.
        saves_frozen: False for ``exclude_frozen_parameters``.
        sub_group: of stage 3: the most numbers of a rank's parameters that it keeps in one flat tensor.
        client_state: what the runner (mmengine) adds.
    """

    groups: Sequence[Tensors]
    frozen: Tensors = field(default_factory=dict[str, Tensor])
    buffers: Tensors = field(default_factory=dict[str, Tensor])
    shared: Mapping[str, str] = field(default_factory=dict[str, str])
    half: torch.dtype = torch.bfloat16
    saves_frozen: bool = True
    sub_group: int = 40
    client_state: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def trained(self) -> dict[str, Tensor]:
        """Every parameter that is trained."""
        return {name: tensor for group in self.groups for name, tensor in group.items()}

    @property
    def module(self) -> dict[str, Tensor]:
        """The network in its own type."""
        frozen = self.frozen if self.saves_frozen else {}
        state = {name: tensor.to(self.half) for name, tensor in self.trained.items()} | dict(frozen)
        return state | dict(self.buffers) | {name: state[source] for name, source in self.shared.items()}


def write_zero(folder: Path, training: ZeroTraining, *, stage: int, num_ranks: int) -> Path:
    """Write the folder of a checkpoint."""
    folder.mkdir(parents=True)
    prefix = "bf16_" if training.half == torch.bfloat16 else ""
    for rank in range(num_ranks):
        optimizer = _optimizer_state(training, stage, rank, num_ranks)
        content = {"optimizer_state_dict": optimizer, "ds_config": {"stage": stage}, "ds_version": "0.14.4"}
        torch.save(content, folder / f"{prefix}zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")
        if stage == ZeroStageEnum.weights:
            model = _model_state(training, stage, rank, num_ranks)
            torch.save(model, folder / f"zero_pp_rank_{rank}_mp_rank_00_model_states.pt")
    if stage != ZeroStageEnum.weights:
        torch.save(_model_state(training, stage, 0, num_ranks), folder / "mp_rank_00_model_states.pt")
    return folder


def _optimizer_state(training: ZeroTraining, stage: int, rank: int, num_ranks: int) -> dict[str, Any]:
    if stage == ZeroStageEnum.weights:
        flats, key, count = _flats_partitioned(training, rank, num_ranks), "fp32_flat_groups", num_ranks
    else:
        flats = [_flat_grouped(group, rank, num_ranks) for group in training.groups]
        key, count = "single_partition_of_fp32_groups", [num_ranks] * len(flats)
    moments = {number: {"exp_avg": torch.ones_like(flat)} for number, flat in enumerate(flats)}
    return {
        "loss_scaler": LossScaler(),
        "dynamic_loss_scale": False,
        "overflow": False,
        "base_optimizer_state": {"state": moments, "param_groups": [{"lr": 2e-4, "betas": (0.9, 0.999)}]},
        key: flats,
        "zero_stage": ZeroStageEnum(stage),
        "partition_count": count,
    }


def _flat_grouped(group: Tensors, rank: int, num_ranks: int) -> Tensor:
    """Return a rank's part of a group: everything flat, filled up to a multiple of 2 x ranks and cut into equal parts.

    The filling is left out of what the last ranks save, but stays in the storage behind it.
    """
    flat = torch.cat([tensor.flatten() for tensor in group.values()])
    share = -(-len(flat) // (2 * num_ranks)) * 2
    filled = torch.cat([flat, torch.full((share * num_ranks - len(flat),), float("nan"))])
    part = filled[rank * share : (rank + 1) * share].clone()
    padding = share * num_ranks - len(flat) if rank == num_ranks - 1 else 0
    return part[: max(share - padding, 0)] if padding else part


def _flats_partitioned(training: ZeroTraining, rank: int, num_ranks: int) -> list[Tensor]:
    """Return a rank's shares of all parameters one after the other, cut into sub-groups."""
    flat = torch.cat([_share(tensor, rank, num_ranks) for tensor in training.trained.values()])
    return [piece.clone() for piece in flat.split(training.sub_group)]


def _share(tensor: Tensor, rank: int, num_ranks: int) -> Tensor:
    share = -(-tensor.numel() // num_ranks)
    filled = torch.cat([tensor.flatten(), torch.zeros(share * num_ranks - tensor.numel(), dtype=tensor.dtype)])
    return filled[rank * share : (rank + 1) * share].clone()


def _model_state(training: ZeroTraining, stage: int, rank: int, num_ranks: int) -> dict[str, Any]:
    is_partitioned = stage == ZeroStageEnum.weights
    module = training.module
    if is_partitioned:
        module = {n: t if n in training.buffers else torch.empty(0, dtype=t.dtype) for n, t in module.items()}
    frozen = training.frozen if training.saves_frozen and stage > ZeroStageEnum.optimizer_states else None
    fragments = dict(_fragments(frozen or {}, rank, num_ranks if is_partitioned else 0))
    return {
        "module": OrderedDict(module),
        "buffer_names": list(training.buffers),
        "optimizer": None,
        "param_shapes": [OrderedDict((name, each.shape) for name, each in group.items()) for group in training.groups],
        "frozen_param_shapes": None if frozen is None else OrderedDict((n, t.shape) for n, t in frozen.items()),
        "shared_params": OrderedDict(training.shared),
        "frozen_param_fragments": None if frozen is None else OrderedDict(fragments),
        "lr_scheduler": None,
        "dp_world_size": num_ranks,
        "mp_world_size": 1,
        "ds_config": {"zero_optimization": {"stage": stage}},
        "ds_version": "0.14.4",
        **training.client_state,
    }


def _fragments(frozen: Tensors, rank: int, num_ranks: int) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in frozen.items():
        yield name, _share(tensor, rank, num_ranks) if num_ranks else tensor
