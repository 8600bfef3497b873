"""The memory that a stage needs on each device, by kind, from what is known of its parts and of one pass."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.train.loader import CACHE_BYTES
from doctorsun.train.rehearsal import BYTES_BF16, BYTES_FP32, PassOnPaper, StageOnPaper

GIB = 2**30
CUDA_BYTES = int(0.9 * GIB)
"""Of a GPU, what is no tensor: the driver's context (about 0.5 GiB), workspaces of cuBLAS, the allocator's rounding."""
GATHERED_GROUPS = 2
"""Groups of shards that are whole at a time: the one that is computed, and the next."""
GPUS_PER_NODE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What a stage is planned for.

    Attributes:
        num: GPUs, or processes on this machine's processor.
        is_gpu: whether they are GPUs.
        available_bytes: of each; None where it is not known.
    """

    num: int
    is_gpu: bool
    available_bytes: int | None

    @property
    def num_shards(self) -> int:
        """Into how many parts a node cuts what is sharded."""
        return min(self.num, GPUS_PER_NODE)


def is_sharded(paper: StageOnPaper, devices: Devices) -> bool:
    """Tell whether the language model is cut among the devices: where all of it trains."""
    language = paper.parts["language"]
    return devices.num > 1 and language.trained == language.parameters


def memory_of(
    paper: StageOnPaper, one_pass: PassOnPaper, devices: Devices, *, bf16: bool, beside: Mapping[str, int]
) -> dict[str, Any]:
    """Return the bytes of each kind on one device, and the most at any time.

    Kinds need not add up to the peak: activations are gone when the last gradients are made.

    Args:
        paper: the network as the stage trains it.
        one_pass: the largest pass of the stage.
        devices: that train.
        bf16: compute in bfloat16.
        beside: what else the process holds, by its name, such as decoded images.
    """
    sharded = is_sharded(paper, devices)
    shares = {part: devices.num_shards if sharded and part == "language" else 1 for part in paper.parts}
    weights = sum(each.weights_bytes // shares[part] for part, each in paper.parts.items())
    gradients = sum(each.gradients_bytes // shares[part] for part, each in paper.parts.items())
    optimizer = sum(each.optimizer_bytes // shares[part] for part, each in paper.parts.items())
    gathered = _gathered_bytes(paper, bf16=bf16) if sharded else 0
    exchanged = 2 * sum(each.gradients_bytes for part, each in paper.parts.items() if shares[part] == 1)
    in_pass = one_pass.peak + gathered + (gradients if sharded else 0)
    in_update = gradients + (exchanged if devices.num > 1 else 0)
    training = weights + optimizer + max(in_pass, in_update)
    loading = loading_bytes(paper, devices)
    return {
        "weights": weights,
        "gradients": gradients,
        "optimizer": optimizer,
        "activations": one_pass.kept,
        "logits_and_loss": one_pass.loss,
        "gathered_shards": gathered,
        "loading": loading,
        **beside,
        "peak": max(training, loading) + sum(beside.values()),
    }


def loading_bytes(paper: StageOnPaper, devices: Devices) -> int:
    """Return what the device holds while weights are read: in 32 bits, as files hold them."""
    numbers = sum(each.parameters for each in paper.parts.values())
    return 0 if devices.is_gpu else numbers * BYTES_FP32


def process_bytes(devices: Devices) -> dict[str, int]:
    """Return what a process holds before it trains: on a GPU a stated amount, else what this process holds now."""
    return {"runtime": CUDA_BYTES if devices.is_gpu else resident_bytes()}


def image_cache_bytes(num_images: int | None, size: int) -> int:
    """Return what decoded images take in memory; all that they may where their number is not known."""
    return CACHE_BYTES if num_images is None else min(CACHE_BYTES, num_images * 3 * size * size)


def resident_bytes() -> int:
    """Return the memory that this process has now."""
    fields = Path("/proc/self/statm")
    return int(fields.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if fields.is_file() else 0


def _gathered_bytes(paper: StageOnPaper, *, bf16: bool) -> int:
    """Return the groups that are whole at a time, and the gradient of one in 32 bits while ranks add it up."""
    size = BYTES_BF16 if bf16 else BYTES_FP32
    return paper.group_numbers * (GATHERED_GROUPS * size + BYTES_FP32)
