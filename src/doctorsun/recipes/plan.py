"""What a recipe will cost, before it starts: parameters, steps, tokens, memory, disk, operations and time."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from transformers import LlavaConfig

from doctorsun.config import PartName, Recipe, StageName, StageSection
from doctorsun.processor.processor import Processor
from doctorsun.recipes.lengths import reply_lengths
from doctorsun.recipes.machine import examine_machine
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.network import Network
from doctorsun.recipes.plan_memory import (
    GIB,
    Devices,
    image_cache_bytes,
    is_sharded,
    memory_of,
    process_bytes,
)
from doctorsun.recipes.plan_steps import StageData, StepsOnPaper, lay_out
from doctorsun.recipes.realised import Row, realised_mixture
from doctorsun.recipes.start import StartPlan
from doctorsun.recipes.stores import RunStores
from doctorsun.storage.store import Store
from doctorsun.train.checkpoint import KEEP
from doctorsun.train.pack import PackItem
from doctorsun.train.rehearsal import BYTES_FP32, PassShape, StageOnPaper, rehearse, stand_ins, survey
from doctorsun.weights.loading import PROCESSOR_FILES

TERA = 1e12
SECONDS_PER_HOUR = 3600
TEXT_OF_STAND_IN = 64
"""Tokens of words beside each image, where no store tells."""
COUNTED_ROWS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast devices compute.

    Attributes:
        mfu: share of the peak that training reaches.
        tflops: peak of one device, in 10^12 operations per second; None where it is not known: no time is told.
    """

    mfu: float
    tflops: float | None

    def seconds(self, flops: float, num_devices: int) -> float | None:
        """Return how long operations take."""
        return None if self.tflops is None else flops / (self.tflops * TERA * self.mfu * num_devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What is planned, and for which machine.

    Attributes:
        run: the folder of the run; where its stores are there, steps and tokens are known.
        network: of the recipe.
    """

    recipe: Recipe
    run: Path
    network: Network
    devices: Devices
    speed: Speed


def plan(request: PlanRequest) -> list[dict[str, Any]]:
    """Return one row per stage; nothing is downloaded, built or trained.

    Raises:
        RecipeError: a mixture selects nothing, its ratios cannot hold, or adapters find no layer.
    """
    recipe = request.recipe
    stores, processor = _training_stores(recipe, request.run), _processor(recipe, request.run)
    return [
        _row(request, name, _stage_data(request, stage, stores, processor)) for name, stage in recipe.stages.items()
    ]


def start_row(start: StartPlan) -> dict[str, Any]:
    """Return what the weights that a recipe starts from will need."""
    return {
        "stage": "start",
        "layouts": ", ".join(start.layouts.values()),
        **{f"{part}_parameters": count for part, count in start.parameters.items()},
        "parameters": sum(start.parameters.values()),
        "download_gib": round(start.download_bytes / GIB, 3),
        "start_gib": round(start.start_bytes / GIB, 3),
        "free_disk_gib": round(shutil.disk_usage(Path.cwd()).free / GIB, 1),
    }


def disk_row(request: PlanRequest, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a whole run needs on disk: each stage's weights, the first ones, the result, and checkpoints."""
    weights = rows[0]["parameters"] * BYTES_FP32 / GIB if rows else 0.0
    checkpoints = max((row["checkpoints_gib"] for row in rows), default=0.0)
    free = shutil.disk_usage(_existing(request.run)).free / GIB
    needed = weights * (len(rows) + 2) + checkpoints
    return {
        "weights_gib": round(weights, 3),
        "checkpoints_gib": round(checkpoints, 3),
        "disk_gib": round(needed, 3),
        "free_disk_gib": round(free, 1),
        "fits_disk": needed <= free,
    }


def _existing(path: Path) -> Path:
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def _training_stores(recipe: Recipe, run: Path) -> dict[str, Store]:
    """Return the stores that training reads and that are there."""
    stores = RunStores(recipe, run, lambda *_: None)
    found = {source: stores.find(source, "train") for source in recipe.data.sources if _trains(recipe, source)}
    return {f"{source}/train": store for source, store in found.items() if store is not None}


def _trains(recipe: Recipe, source: str) -> bool:
    return any(entry.source == source for stage in recipe.stages.values() for entry in stage.mixture)


def _processor(recipe: Recipe, run: Path) -> Processor | None:
    """Return what counts tokens: that of the weights that training starts from."""
    folders = [run / "start", *([Path(recipe.model.init)] if recipe.model.init is not None else [])]
    made = (folder for folder in folders if all((folder / name).is_file() for name in PROCESSOR_FILES))
    return next((Processor.from_folder(folder) for folder in made), None)


def _stage_data(
    request: PlanRequest, stage: StageSection, stores: Mapping[str, Store], processor: Processor | None
) -> StageData | None:
    """Return what a stage reads; None where something of it is not there yet."""
    if any(f"{entry.source}/train" not in stores for entry in stage.mixture):
        return None
    if processor is None:
        plan_of_stage = plan_stage(request.recipe, stage, stores) if stage.batch_tokens is None else None
        return plan_of_stage and StageData(plan=plan_of_stage, processor=None)
    asked = processor.asked_as(stage.template)
    lengths = reply_lengths(request.run / "lengths", asked, max_length=stage.max_length)
    return StageData(plan=plan_stage(request.recipe, stage, stores, lengths=lengths), processor=asked)


def _row(request: PlanRequest, name: StageName, data: StageData | None) -> dict[str, Any]:
    recipe, config, devices = request.recipe, request.network.config, request.devices
    stage = recipe.stages[name]
    bf16 = examine_machine(recipe.precision).precision == "bf16" or devices.is_gpu
    paper = survey(config, stage, bf16=bf16)
    steps = lay_out(recipe, name, data, config, flops=paper.flops, num_ranks=devices.num) if data else None
    beside = _beside(request, steps, data)
    memory = _memory(request, stage, paper, steps, bf16=bf16, beside=beside)
    trained = sum(each.trained for each in paper.parts.values())
    checkpoint = trained * BYTES_FP32 + sum(each.optimizer_bytes for each in paper.parts.values())
    kept = KEEP + 1 + (stage.validation is not None)  # one is written before the oldest goes
    return {
        "stage": name,
        "trains": ", ".join(stage.trainable),
        "parameters": sum(each.parameters for each in paper.parts.values()),
        "trained_parameters": trained,
        "parts": {part: _part_row(stage, part, paper) for part in paper.parts},
        **_step_facts(request, stage, paper, steps, data),
        "memory": memory,
        "checkpoint_gib": round(checkpoint / GIB, 3),
        "checkpoints_gib": round(kept * checkpoint / GIB, 3),
        "free_disk_gib": round(shutil.disk_usage(_existing(request.run)).free / GIB, 1),
        "mixture": _mixture(stage, data),
    }


def _part_row(stage: StageSection, part: PartName, paper: StageOnPaper) -> dict[str, Any]:
    each, lora = paper.parts[part], stage.adapters.get(part)
    state = "frozen" if part not in stage.trainable else f"LoRA, rank {lora.r}" if lora else "full"
    return {"state": state, "parameters": each.parameters, "trained": each.trained}


def _step_facts(
    request: PlanRequest, stage: StageSection, paper: StageOnPaper, steps: StepsOnPaper | None, data: StageData | None
) -> dict[str, Any]:
    """Return steps, samples, tokens, operations and time of a stage; None where no store tells."""
    num_steps = data.plan.num_steps if data else stage.steps
    samples = data.plan.num_samples if data else _told_samples(stage)
    facts: dict[str, Any] = {"steps": num_steps, "samples": samples}
    if steps is None or num_steps is None:
        unknown = ("tokens", "supervised_tokens", "packs_per_step", "padding_share", "padding_avoided")
        return facts | dict.fromkeys((*unknown, "flops", "hours", "looked_at_steps"))
    share = num_steps / steps.num_steps
    flops = paper.flops.count(steps.work) * share
    seconds = request.speed.seconds(flops, request.devices.num)
    return facts | {
        "tokens": round(steps.tokens * share) or None,
        "supervised_tokens": round(steps.supervised * share) if stage.objective != "labels" else None,
        "packs_per_step": round(steps.passes / steps.num_steps, 2),
        "padding_share": 0.0,
        "padding_avoided": round(1 - steps.alone_tokens / (steps.padded_tokens or 1), 4),
        "flops": float(f"{flops:.4g}"),
        "hours": None if seconds is None else float(f"{seconds / SECONDS_PER_HOUR:.3g}"),
        "looked_at_steps": steps.num_steps,
    }


def _told_samples(stage: StageSection) -> int | None:
    return stage.steps * stage.batch_samples if stage.steps and stage.batch_samples else None


def _memory(
    request: PlanRequest,
    stage: StageSection,
    paper: StageOnPaper,
    steps: StepsOnPaper | None,
    *,
    bf16: bool,
    beside: Mapping[str, int],
) -> dict[str, Any]:
    """Return the memory of each device in GiB by kind, and whether it fits."""
    config, devices = request.network.config, request.devices
    items = steps.largest if steps else _stand_ins(config, stage)
    is_first = steps is not None and steps.passes <= steps.num_steps
    shape = PassShape(items=items, bf16=bf16, is_sharded=is_sharded(paper, devices), is_first=is_first)
    found = memory_of(paper, rehearse(config, stage, shape), devices, bf16=bf16, beside=beside)
    available = devices.available_bytes
    return {
        **{f"{kind}_gib": round(value / GIB, 3) for kind, value in found.items()},
        "available_gib": None if available is None else round(available / GIB, 1),
        "fits": None if available is None else found["peak"] <= available,
        "pack": "largest" if steps else "stand-in",
    }


def _stand_ins(config: LlavaConfig, stage: StageSection) -> Sequence[PackItem]:
    """Return a full pack of images with some words each; of texts alone where nothing that trains sees an image."""
    reads_text = set(stage.trainable) == {"language"} and stage.objective == "replies"
    length = stage.max_length if reads_text else min(stage.max_length, config.image_seq_length + TEXT_OF_STAND_IN)
    return stand_ins(config, tokens=stage.pack_tokens, length=length, images=0 if reads_text else 1)


def _beside(request: PlanRequest, steps: StepsOnPaper | None, data: StageData | None) -> dict[str, int]:
    """Return what a process holds beside the network: of this machine the decoded images too."""
    found = process_bytes(request.devices)
    if request.devices.is_gpu:
        return found
    size: int = cast("Any", request.network.config.vision_config).image_size
    if steps is None or data is None:
        return found | {"images": image_cache_bytes(None, size)}
    return found | {"images": image_cache_bytes(_num_images(data), size)}


def _num_images(data: StageData) -> int:
    """Return how many different images a stage reads at most."""
    pools = data.plan.pools
    if sum(len(pool.rows) for pool in pools) > COUNTED_ROWS:
        return data.plan.num_samples
    return len({name for pool in pools for names in pool.column("images.sha256") for name in names})


def _mixture(stage: StageSection, data: StageData | None) -> list[Row] | None:
    if data is None:
        return None
    return realised_mixture(data.plan, data.processor if stage.objective == "replies" else None)
