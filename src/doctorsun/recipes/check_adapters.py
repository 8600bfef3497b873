"""Checks of adapters, and of blocks that are computed twice: what a recipe says, and what its network has."""

from collections.abc import Iterator
from pathlib import Path

from doctorsun.config import PartName, PartSection, Recipe, StageSection
from doctorsun.config.document import Node
from doctorsun.errors import RecipeError
from doctorsun.recipes.placed import Found, placed_errors


def check_adapters(recipe: Recipe) -> Iterator[Found]:
    """Yield what cannot work whatever the network is."""
    for name, stage in recipe.stages.items():
        yield from _recompute(f"stages.{name}.recompute", stage)
        for part in stage.adapters:
            path = f"stages.{name}.trainable.{part}"
            section = stage.part(part) or PartSection()
            if stage.objective == "labels":
                error = RecipeError(
                    "labels teach a tower that starts from nothing",
                    got="adapters, which change little of one that has learnt",
                    expected="'full'",
                    do="remove 'lora', or take another objective",
                )
                yield f"{path}.lora", error
            if section.optimizer == "muon":
                error = RecipeError(
                    "muon steps whole matrices",
                    got="adapters, whose factors matter only as a product",
                    expected="'adamw'",
                    do="remove 'optimizer', or remove 'lora'",
                )
                yield f"{path}.optimizer", error


def require_adapter_layers(recipe: Recipe, weights: Path, document: Node | None = None) -> None:
    """Stop before the first step where adapters are wanted on layers that the network does not have.

    Args:
        recipe: the settings.
        weights: a stock folder with the network of the run; its configuration alone is read.
        document: what the recipe was read from.

    Raises:
        RecipeError: a path matches no linear layer.
    """
    wanted: list[tuple[str, PartName, tuple[str, ...]]] = [
        (f"stages.{name}.trainable.{part}.lora.modules", part, lora.modules)
        for name, stage in recipe.stages.items()
        for part, lora in stage.adapters.items()
        if lora.modules is not None
    ]
    if not wanted:
        return
    import torch
    from transformers import LlavaConfig, LlavaForConditionalGeneration

    from doctorsun.model.adapters import adapter_layers

    with torch.device("meta"):
        model = LlavaForConditionalGeneration(LlavaConfig.from_pretrained(weights))
    for path, part, modules in wanted:
        with placed_errors(path, document):
            adapter_layers(model, part, modules)


def _recompute(path: str, stage: StageSection) -> Iterator[Found]:
    if stage.recompute and not {"vision", "language"} & set(stage.trainable):
        yield (
            path,
            RecipeError(
                "no block is computed twice",
                got=f"training of {', '.join(stage.trainable)} alone: frozen blocks keep nothing that would be saved",
                expected="'vision' or 'language' under 'trainable'",
                do="remove the setting",
            ),
        )
