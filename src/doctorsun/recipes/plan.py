"""What a recipe will cost, before it starts: parameters, samples and checkpoint size per stage."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctorsun.config import Recipe, StageSection
from doctorsun.model.presets import PRESETS
from doctorsun.processor.processor import Processor
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.realised import realised_mixture
from doctorsun.recipes.start import StartPlan
from doctorsun.recipes.stores import RunStores
from doctorsun.storage.store import Store
from doctorsun.weights.loading import PROCESSOR_FILES

GIB = 2**30
ADAM_STATES = 3  # weight, first and second moment, each in fp32
BYTES_FP32 = 4


def plan(recipe: Recipe, run: Path, start: StartPlan | None = None) -> list[dict[str, Any]]:
    """Return one row per stage; nothing is downloaded, built or trained.

    Args:
        recipe: the settings.
        run: the folder of the run; where its stores are there, each row has its mixture, else None.
        start: the weights that it starts from, by `doctorsun.recipes.start.plan_start`; None for random ones.

    Raises:
        RecipeError: a mixture selects nothing, or its ratios cannot hold.
    """
    parts = start.parameters if start is not None else count_parameters(recipe)
    free_gib = shutil.disk_usage(Path.cwd()).free / GIB
    stores, processor = _training_stores(recipe, run), _processor(recipe, run)
    return [
        _row(name, stage, parts, free_gib) | {"mixture": _mixture(recipe, stage, stores, processor)}
        for name, stage in recipe.stages.items()
    ]


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


def _mixture(
    recipe: Recipe, stage: StageSection, stores: Mapping[str, Store], processor: Processor | None
) -> list[dict[str, Any]] | None:
    if any(f"{entry.source}/train" not in stores for entry in stage.mixture):
        return None
    plan_of_stage = plan_stage(recipe, stage, stores)
    return realised_mixture(plan_of_stage, processor if stage.objective == "replies" else None)


def count_parameters(recipe: Recipe) -> dict[str, int]:
    """Return the parameters of vision, projector and language of a preset, counted without memory."""
    import torch

    from doctorsun.model.build import sized_config
    from doctorsun.model.trainable import PARTS, modules_of

    with torch.device("meta"):
        from transformers import LlavaForConditionalGeneration

        config = sized_config(PRESETS[recipe.model.preset or ""], recipe.model.tokenizer.vocab_size)
        model = LlavaForConditionalGeneration(config)
    return {
        part: sum(p.numel() for module in modules_of(model, part).values() for p in module.parameters())
        for part in PARTS
    }


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


def _row(name: str, stage: StageSection, parts: Mapping[str, int], free_gib: float) -> dict[str, Any]:
    trained = sum(count for part, count in parts.items() if part in stage.trainable)
    checkpoint_bytes = trained * ADAM_STATES * BYTES_FP32
    return {
        "stage": name,
        "trains": ", ".join(stage.trainable),
        "parameters": sum(parts.values()),
        "trained_parameters": trained,
        "steps": stage.steps,
        "samples": stage.steps * stage.batch_samples if stage.steps and stage.batch_samples else None,
        "state_gib": round((sum(parts.values()) * BYTES_FP32 + checkpoint_bytes) / GIB, 3),
        "checkpoint_gib": round(checkpoint_bytes / GIB, 3),
        "free_disk_gib": round(free_gib, 1),
    }
