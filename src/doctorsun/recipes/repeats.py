"""Epochs that do not come out even: steps are whole, so samples of small data are taken again."""

import math
from collections.abc import Iterator, Mapping

from doctorsun.config import Recipe, StageName, StageSection
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.storage.store import Store
from doctorsun.train.plan import StagePlan

TOLD_SHARE = 0.01
"""More samples than the epochs have, by this share or less, are not worth a word."""


def repeat_notes(recipe: Recipe, stores: Mapping[str, Store]) -> Iterator[str]:
    """Yield a line for each stage that takes clearly more samples than its epochs have.

    Args:
        recipe: the settings, checked.
        stores: those that are there, by ``source/split``; a stage that reads another is left out.
    """
    for name, stage in recipe.stages.items():
        if stage.epochs is not None and all(f"{each.source}/train" in stores for each in stage.mixture):
            note = repeat_note(name, stage, plan_stage(recipe, stage, stores))
            yield from [note] if note else []


def repeat_note(name: StageName, stage: StageSection, plan: StagePlan) -> str | None:
    """Say how many samples whole steps take beyond the epochs of a stage; None where these come out even."""
    rows = sum(len(pool.rows) for pool in plan.pools)
    if stage.epochs is None or plan.num_samples <= math.ceil(stage.epochs * rows) * (1 + TOLD_SHARE):
        return None
    epochs = f"{stage.epochs:g} epoch{'' if stage.epochs == 1 else 's'}"
    size = f"{stage.batch_samples:,} samples" if stage.batch_samples else f"{stage.batch_tokens:,} tokens"
    times = f"each {plan.num_samples / rows:.3g} times on average"
    return f"stage {name}: {epochs} of {rows:,} samples, in whole steps of {size}, take {plan.num_samples:,}: {times}"
