"""What a run needs on disk: the weights that it starts from, those of each stage, the result, and checkpoints."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doctorsun.config import StageSection
from doctorsun.recipes.plan_request import GIB, in_gib
from doctorsun.recipes.start import StartPlan
from doctorsun.train.checkpoint import KEEP
from doctorsun.train.survey import BYTES_FP32, StageOnPaper


def start_row(start: StartPlan, run: Path) -> dict[str, Any]:
    """Return what the weights that a recipe starts from will need."""
    return {
        "stage": "start",
        "layouts": ", ".join(start.layouts.values()),
        **{f"{part}_parameters": count for part, count in start.parameters.items()},
        "parameters": sum(start.parameters.values()),
        "download_gib": in_gib(start.download_bytes),
        "start_gib": in_gib(start.start_bytes),
        "free_disk_gib": free_gib(run),
    }


def checkpoint_facts(stage: StageSection, paper: StageOnPaper) -> dict[str, float]:
    """Return the size of one checkpoint, and of all that are there at a time: one is written before the oldest goes."""
    trained = sum(each.trained for each in paper.parts.values())
    size = trained * BYTES_FP32 + sum(each.optimizer_bytes for each in paper.parts.values())
    kept = KEEP + 1 + (stage.validation is not None)
    return {"checkpoint_gib": in_gib(size), "checkpoints_gib": in_gib(kept * size)}


def disk_row(rows: Sequence[Mapping[str, Any]], run: Path) -> dict[str, Any]:
    """Return what a whole run needs: each stage's weights, the first ones, the result, and a stage's checkpoints."""
    weights = rows[0]["parameters"] * BYTES_FP32 if rows else 0
    checkpoints = max((row["checkpoints_gib"] for row in rows), default=0.0)
    needed = weights * (len(rows) + 2) / GIB + checkpoints
    free = free_gib(run)
    return {
        "weights_gib": in_gib(weights),
        "checkpoints_gib": checkpoints,
        "disk_gib": in_gib(needed * GIB),
        "free_disk_gib": free,
        "fits_disk": needed <= free,
    }


def free_gib(run: Path) -> float:
    """Return what is free where a run is, or will be."""
    place = next(each for each in (run.absolute(), *run.absolute().parents) if each.exists())
    return round(shutil.disk_usage(place).free / GIB, 1)
