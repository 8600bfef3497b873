"""Checks of stages by their numbers: what cannot work on any data, and what will work otherwise than it may seem."""

import math
from collections.abc import Iterator

from doctorsun.config import Recipe
from doctorsun.errors import RecipeError
from doctorsun.model.presets import PRESETS
from doctorsun.recipes.machine import examine_machine
from doctorsun.recipes.placed import Found
from doctorsun.recipes.published_sizes import published_sizes


def check_stages(recipe: Recipe) -> Iterator[Found]:
    """Yield what cannot work whatever is in the stores."""
    positions = _positions(recipe)
    for name, stage in recipe.stages.items():
        if positions is not None and stage.max_length > positions:
            error = RecipeError(
                "samples are longer than what the network tells places apart by",
                got=f"max_length {stage.max_length:,}",
                expected=f"at most {positions:,}",
                do=f"--set stages.{name}.max_length={positions}",
            )
            yield f"stages.{name}.max_length", error
        if stage.batch_tokens is not None and stage.objective != "replies":
            error = RecipeError(
                f"the objective '{stage.objective}' counts no tokens",
                got=f"batch_tokens {stage.batch_tokens:,}",
                expected="batch_samples",
                do="say how many samples a step holds",
            )
            yield f"stages.{name}.batch_tokens", error


def stage_notes(recipe: Recipe, *, num_ranks: int = 1) -> Iterator[str]:
    """Yield what will work otherwise than it may seem, a line each.

    Args:
        recipe: the settings.
        num_ranks: processes that train together.
    """
    if recipe.precision == "bf16":
        machine = examine_machine()
        if machine.precision != "bf16":
            yield f"precision bf16 is not what auto takes here: {machine.precision_reason}"
    for name, stage in recipe.stages.items():
        if stage.batch_samples is not None and stage.batch_samples < num_ranks:
            yield f"stage {name}: {num_ranks} ranks share steps of {stage.batch_samples} samples, so some have none"
        if stage.steps is not None and stage.steps > 1 and math.ceil(stage.steps * stage.warmup_share) >= stage.steps:
            yield f"stage {name}: warm-up takes all {stage.steps} steps"


def _positions(recipe: Recipe) -> int | None:
    """Return how many positions the network has, where the recipe alone tells."""
    if recipe.model.preset in PRESETS:
        return PRESETS[recipe.model.preset].max_positions
    sizes = published_sizes(recipe.model)
    return sizes[1]["max_position_embeddings"] if sizes else None
