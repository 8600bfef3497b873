"""The memory that a stage needs on each device, by kind, from what is known of its parts and of one pass."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from transformers import LlavaConfig

from doctorsun.config import StageName, StageSection
from doctorsun.recipes.plan_request import GIB, Devices, PlanRequest, in_gib
from doctorsun.recipes.plan_steps import StageData, StepsOnPaper
from doctorsun.train.loader import CACHE_BYTES
from doctorsun.train.pack import PackItem
from doctorsun.train.rehearsal import PassOnPaper, PassShape, rehearse, stand_ins
from doctorsun.train.survey import BYTES_BF16, BYTES_FP32, StageOnPaper

CUDA_BYTES = int(0.9 * GIB)
"""Of a GPU, what is no tensor: the driver's context (about 0.5 GiB), workspaces of cuBLAS, the allocator's rounding."""
HEAP_BYTES = int(0.18 * GIB)
"""What training on a processor holds beside its tensors: freed pieces too small to be given back, the arenas of
its threads, workspaces of matrix products (0.12 GiB), and what `train.heap` keeps at the end of the heap."""
GATHERED_GROUPS = 2
"""Groups of shards that are whole at a time: the one that is computed, and the next."""
TEXT_OF_STAND_IN = 128
"""Tokens of words beside each image, where no store tells."""
COUNTED_ROWS = 200_000


def stage_memory(
    request: PlanRequest,
    stage: StageSection,
    paper: StageOnPaper,
    known: tuple[StepsOnPaper, StageData] | None,
    *,
    bf16: bool,
) -> dict[str, Any]:
    """Return the memory of each device in GiB by kind, and whether it fits.

    Args:
        request: what is planned.
        stage: of the recipe.
        paper: the network as the stage trains it.
        known: the stage's steps and what it reads; None where samples of a usual size stand in.
        bf16: compute in bfloat16.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    config, devices = request.network.config, request.devices
    items = known[0].largest if known else _stand_ins(config, stage)
    is_first = known is not None and known[0].passes <= known[0].num_steps
    shape = PassShape(items=items, bf16=bf16, is_sharded=is_sharded(paper, devices), is_first=is_first)
    one_pass = rehearse(config, stage, shape)
    beside = _beside(request, known[1] if known else None)  # with what the rehearsal brought, as in training
    found = memory_of(paper, one_pass, devices, bf16=bf16, beside=beside)
    available = devices.available_bytes
    return {
        **{f"{kind}_gib": in_gib(value) for kind, value in found.items()},
        "available_gib": None if available is None else round(available / GIB, 1),
        "fits": None if available is None else found["peak"] <= available,
        "pack": "largest" if known else "stand-in",
    }


def less_memory(name: StageName, stage: StageSection) -> str:
    """Return the settings by which a stage needs less memory, only those that it can still have."""
    here = f"stages.{name}"
    if stage.pack_tokens > stage.max_length:
        found = [f"--set {here}.pack_tokens={max(stage.max_length, stage.pack_tokens // 2)}"]
    else:
        found = [f"{here}.max_length, {here}.pack_tokens"]
    if not stage.recompute:
        found.append(f"--set {here}.recompute=true")
    full = [part for part in ("vision", "language") if part in stage.trainable and part not in stage.adapters]
    if stage.objective != "labels":
        found += [f"{here}.trainable.{part}.lora" for part in full]
    return ", ".join(found)


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
    if any(each.weights_bytes < each.parameters * BYTES_FP32 for each in paper.parts.values()):
        training += loading  # what is held in bfloat16 is a copy: the files stay mapped beside it
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
    """Return what a process maps of the files of weights, which hold 32 bits; a GPU gets them part by part."""
    numbers = sum(each.parameters for each in paper.parts.values())
    return 0 if devices.is_gpu else numbers * BYTES_FP32


def _process_bytes(devices: Devices) -> dict[str, int]:
    """Return what a process holds before it trains: on a GPU a stated amount, else what this process holds now."""
    return {"runtime": CUDA_BYTES if devices.is_gpu else _resident_bytes()}


def image_cache_bytes(num_images: int | None, size: int) -> int:
    """Return what decoded images take in memory; all that they may where their number is not known."""
    return CACHE_BYTES if num_images is None else min(CACHE_BYTES, num_images * 3 * size * size)


def _resident_bytes() -> int:
    """Return the memory that this process has now."""
    fields = Path("/proc/self/statm")
    return int(fields.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if fields.is_file() else 0


def _gathered_bytes(paper: StageOnPaper, *, bf16: bool) -> int:
    """Return the groups that are whole at a time, and the gradient of one in 32 bits while ranks add it up."""
    size = BYTES_BF16 if bf16 else BYTES_FP32
    return paper.group_numbers * (GATHERED_GROUPS * size + BYTES_FP32)


def _stand_ins(config: LlavaConfig, stage: StageSection) -> Sequence[PackItem]:
    """Return a full pack of images with some words each; of texts alone where nothing that trains sees an image."""
    if set(stage.trainable) == {"language"} and stage.objective == "replies":
        return stand_ins(config, tokens=stage.pack_tokens, length=stage.max_length, images=0)
    one = config.image_seq_length + TEXT_OF_STAND_IN
    images = max(1, stage.max_length // one)
    return stand_ins(config, tokens=stage.pack_tokens, length=min(stage.max_length, images * one), images=images)


def _beside(request: PlanRequest, data: StageData | None) -> dict[str, int]:
    """Return what a process holds beside the network: of this machine the decoded images too."""
    found = _process_bytes(request.devices)
    if request.devices.is_gpu:
        return found
    size: int = cast("Any", request.network.config.vision_config).image_size
    return found | {"heap": HEAP_BYTES, "images": image_cache_bytes(_num_images(data) if data else None, size)}


def _num_images(data: StageData) -> int:
    """Return how many different images a stage reads at most."""
    pools = data.plan.pools
    if sum(len(pool.rows) for pool in pools) > COUNTED_ROWS:
        return data.plan.num_samples
    return len({name for pool in pools for names in pool.column("images.sha256") for name in names})
