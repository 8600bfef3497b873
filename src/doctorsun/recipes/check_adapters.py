"""Checks of adapters: what a recipe says, and what its network has."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.config import PartName, PartSection, Recipe
from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node
from doctorsun.errors import RecipeError
from doctorsun.recipes.placed import Found, placed

if TYPE_CHECKING:
    from transformers import LlavaConfig


def check_adapters(recipe: Recipe) -> Iterator[Found]:
    """Yield what cannot work whatever the network is."""
    for name, stage in recipe.stages.items():
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


def check_adapter_layers(recipe: Recipe) -> Iterator[Found]:
    """Yield the paths that match no layer of the network, where this machine tells its sizes without a hub.

    Raises:
        WeightsError: the projector reads several layers of the tower.
    """
    if not _modules(recipe):
        return
    from doctorsun.recipes.network import config_here

    config = config_here(recipe)
    if config is not None:
        yield from _missing_layers(recipe, config)


def require_adapter_layers(recipe: Recipe, weights: Path, document: Node | None = None) -> None:
    """Stop before the first step where adapters are wanted on layers that the network does not have.

    Args:
        recipe: the settings.
        weights: a stock folder with the network of the run; its configuration alone is read.
        document: what the recipe was read from.

    Raises:
        RecipeError: a path matches no linear layer.
    """
    if not _modules(recipe):
        return
    from transformers import LlavaConfig

    complaints = list(_missing_layers(recipe, LlavaConfig.from_pretrained(weights)))
    if complaints:
        raise join_complaints([placed(path, error, document) for path, error in complaints])


def _modules(recipe: Recipe) -> list[tuple[str, PartName, str]]:
    """Return each path to layers with its key and its part."""
    return [
        (f"stages.{name}.trainable.{part}.lora.modules.{index}", part, pattern)
        for name, stage in recipe.stages.items()
        for part, lora in stage.adapters.items()
        for index, pattern in enumerate(lora.modules or ())
    ]


def _missing_layers(recipe: Recipe, config: "LlavaConfig") -> Iterator[Found]:
    import torch
    from transformers import LlavaForConditionalGeneration

    from doctorsun.model.adapters import adapter_layers

    with torch.device("meta"):
        model = LlavaForConditionalGeneration(config)
    for path, part, pattern in _modules(recipe):
        try:
            adapter_layers(model, part, (pattern,))
        except RecipeError as error:
            yield path, error
