"""What a recipe will cost, before it starts: parameters, samples and checkpoint size per stage."""

import shutil
from pathlib import Path
from typing import Any

from doctorsun.config import Recipe, StageSection
from doctorsun.model.presets import PRESETS
from doctorsun.weights.hugging_face import inspect

GIB = 2**30
ADAM_STATES = 3  # weight, first and second moment, each in fp32
BYTES_FP32 = 4


def plan(recipe: Recipe) -> list[dict[str, Any]]:
    """Return one row per stage; nothing is downloaded, built or trained.

    Raises:
        WeightsError: ``model.init`` holds no readable weights.
    """
    parts = count_parameters(recipe)
    free_gib = shutil.disk_usage(Path.cwd()).free / GIB
    return [_row(name, stage, parts, free_gib) for name, stage in recipe.stages.items()]


def count_parameters(recipe: Recipe) -> dict[str, int]:
    """Return the parameters of vision, projector and language, counted without memory."""
    if recipe.model.init is not None:
        return inspect(Path(recipe.model.init))["parameters_by_part"]
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


def _row(name: str, stage: StageSection, parts: dict[str, int], free_gib: float) -> dict[str, Any]:
    trained = sum(count for part, count in parts.items() if part in stage.trainable)
    checkpoint_bytes = trained * ADAM_STATES * BYTES_FP32
    return {
        "stage": name,
        "trains": ", ".join(stage.trainable),
        "parameters": sum(parts.values()),
        "trained_parameters": trained,
        "steps": stage.steps,
        "samples": stage.steps * stage.batch_samples,
        "state_gib": round((sum(parts.values()) * BYTES_FP32 + checkpoint_bytes) / GIB, 3),
        "checkpoint_gib": round(checkpoint_bytes / GIB, 3),
        "free_disk_gib": round(free_gib, 1),
    }
