"""What a recipe will cost, before it starts: parameters, steps, tokens, memory, disk, operations and time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.config import PartName, Recipe, StageName, StageSection
from doctorsun.processor.processor import Processor
from doctorsun.recipes.lengths import reply_lengths
from doctorsun.recipes.machine import examine_machine
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.plan_disk import checkpoint_facts, free_gib
from doctorsun.recipes.plan_memory import stage_memory
from doctorsun.recipes.plan_request import PlanRequest
from doctorsun.recipes.plan_steps import StageData, StepsOnPaper, lay_out
from doctorsun.recipes.realised import Row, realised_mixture
from doctorsun.recipes.start import processor_of_start
from doctorsun.recipes.stores import training_stores
from doctorsun.storage.store import Store
from doctorsun.train.survey import StageOnPaper, survey
from doctorsun.weights.loading import PROCESSOR_FILES

SECONDS_PER_HOUR = 3600


def plan(request: PlanRequest) -> list[dict[str, Any]]:
    """Return one row per stage; nothing is downloaded, built or trained.

    Raises:
        RecipeError: a mixture selects nothing, its ratios cannot hold, or adapters find no layer.
    """
    recipe = request.recipe
    stores, processor = training_stores(recipe, request.run), processor_here(recipe, request.run)
    return [
        _row(request, name, stage_data(request, stage, stores, processor))
        | {"missing": _missing(stage, stores, processor)}
        for name, stage in recipe.stages.items()
    ]


def processor_here(recipe: Recipe, run: Path) -> Processor | None:
    """Return what counts tokens: that of the weights that training starts from, joined already or still in parts."""
    folders = [run / "start", *([Path(recipe.model.init)] if recipe.model.init is not None else [])]
    made = (folder for folder in folders if all((folder / name).is_file() for name in PROCESSOR_FILES))
    return next((Processor.from_folder(folder) for folder in made), None) or processor_of_start(recipe)


def stage_data(
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


def _missing(stage: StageSection, stores: Mapping[str, Store], processor: Processor | None) -> list[str]:
    """Return what a stage still waits for: stores as ``source/train``, and ``tokenizer``."""
    names = dict.fromkeys(f"{entry.source}/train" for entry in stage.mixture)
    return [*(name for name in names if name not in stores), *([] if processor else ["tokenizer"])]


def _row(request: PlanRequest, name: StageName, data: StageData | None) -> dict[str, Any]:
    recipe, config, devices = request.recipe, request.network.config, request.devices
    stage = recipe.stages[name]
    bf16 = recipe.precision != "fp32" and (devices.is_gpu or examine_machine(recipe.precision).precision == "bf16")
    paper = survey(config, stage, bf16=bf16)
    steps = lay_out(recipe, name, data, config, flops=paper.flops, num_ranks=devices.num) if data else None
    known = (steps, data) if steps and data else None
    return {
        "stage": name,
        "trains": ", ".join(stage.trainable),
        "parameters": sum(each.parameters for each in paper.parts.values()),
        "trained_parameters": sum(each.trained for each in paper.parts.values()),
        "parts": {part: _part_row(stage, part, paper) for part in paper.parts},
        **_step_facts(request, stage, paper, steps, data),
        "memory": stage_memory(request, stage, paper, known, bf16=bf16),
        **checkpoint_facts(stage, paper),
        "free_disk_gib": free_gib(request.run),
        "mixture": _mixture(stage, data),
    }


def _part_row(stage: StageSection, part: PartName, paper: StageOnPaper) -> dict[str, Any]:
    each, lora = paper.parts[part], stage.adapters.get(part)
    state = "frozen" if part not in stage.trainable else "lora" if lora else "full"
    return {
        "state": state,
        "rank": lora.r if lora else None,
        "parameters": each.parameters,
        "trained": each.trained,
    }


def _step_facts(
    request: PlanRequest, stage: StageSection, paper: StageOnPaper, steps: StepsOnPaper | None, data: StageData | None
) -> dict[str, Any]:
    """Return steps, samples, tokens, operations and time of a stage; None where no store tells."""
    num_steps = data.plan.num_steps if data else stage.steps
    samples = data.plan.num_samples if data else _told_samples(stage)
    facts: dict[str, Any] = {"steps": num_steps, "samples": samples}
    if steps is None or num_steps is None:
        unknown = ("tokens", "supervised_tokens", "packs_per_step", "padding_avoided")
        return facts | dict.fromkeys((*unknown, "flops", "hours", "looked_at_steps"))
    share = num_steps / steps.num_steps
    flops = paper.flops.count(steps.work) * share
    if data and stage.objective == "preference":  # the start is measured first: each sample once, forward only
        flops += paper.forward.count(steps.work) * share * data.plan.num_different / data.plan.num_samples
    seconds = request.speed.seconds(flops, request.devices.num)
    return facts | {
        "tokens": round(steps.tokens * share) or None,
        "supervised_tokens": round(steps.supervised * share) if stage.objective != "labels" else None,
        "packs_per_step": round(steps.passes / steps.num_steps, 2),
        "padding_avoided": round(1 - steps.alone_tokens / (steps.padded_tokens or 1), 4),
        "flops": float(f"{flops:.4g}"),
        "hours": None if seconds is None else float(f"{seconds / SECONDS_PER_HOUR:.3g}"),
        "looked_at_steps": steps.num_steps,
    }


def _told_samples(stage: StageSection) -> int | None:
    return stage.steps * stage.batch_samples if stage.steps and stage.batch_samples else None


def _mixture(stage: StageSection, data: StageData | None) -> list[Row] | None:
    if data is None:
        return None
    return realised_mixture(data.plan, data.processor if stage.objective == "replies" else None)
