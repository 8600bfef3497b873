"""Networks without memory or numbers: a few blocks stand for all, since each adds as much as the one before."""

import copy
import re
from collections.abc import Callable, Collection
from typing import Any, cast

import torch
from transformers import LlavaConfig, LlavaForConditionalGeneration

from doctorsun.config import PartName, StageSection
from doctorsun.model.trainable import Learning, hold_frozen, set_trainable

FEW_BLOCKS = 2
"""Blocks of the smallest network that is looked at: what a block adds is the difference to one block more."""
Facts = dict[str, float]
"""What grows by the same amount with every block of the tower and of the language model."""


def paper_model(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> LlavaForConditionalGeneration:
    """Build a network without memory as a stage trains it, of few blocks.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
    """
    with torch.device("meta"):
        return set_up(cut(config, *few_blocks(config, stage)), stage, bf16=bf16)[0]


def set_up(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> tuple[LlavaForConditionalGeneration, Learning]:
    """Build a network on the device at hand as a stage trains it; return its parameters that learn too.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
    """
    model = LlavaForConditionalGeneration(config)
    learning = set_trainable(model, stage.trainable, stage.adapters)
    hold_frozen(model, bf16=bf16)
    return model, learning


def of_all_blocks(
    facts: Callable[[LlavaConfig], Facts],
    config: LlavaConfig,
    stage: StageSection,
    *,
    grow_with: Collection[PartName] = ("vision", "language"),
) -> Facts:
    """Return the facts of a network from those of networks with few blocks.

    Args:
        facts: of a network; called on the device ``meta``.
        config: of the whole network.
        stage: that trains it; adapters on some blocks alone make blocks differ, and all are looked at.
        grow_with: the parts whose blocks change the facts.
    """
    towers, layers = few_blocks(config, stage)
    with torch.device("meta"):
        first = facts(cut(config, towers, layers))
        whole = dict(first)
        left = [number - few for number, few in zip(_num_blocks(config), (towers, layers), strict=True)]
        for part, number, more in zip(("vision", "language"), left, ((1, 0), (0, 1)), strict=True):
            if number and part in grow_with:
                other = facts(cut(config, towers + more[0], layers + more[1]))
                whole = {key: whole[key] + number * (other[key] - first[key]) for key in whole}
    return whole


def few_blocks(config: LlavaConfig, stage: StageSection) -> tuple[int, int]:
    """Return how many blocks of the tower and of the language model stand for all; all where they differ."""
    towers, layers = _num_blocks(config)
    patterns = [pattern for lora in stage.adapters.values() for pattern in lora.modules or ()]
    if any(re.search(r"(^|\.)\d+(\.|$)", pattern) for pattern in patterns):
        return towers, layers
    feature = config.vision_feature_layer
    few_towers = min(towers, FEW_BLOCKS - 1 - feature) if isinstance(feature, int) and feature < 0 else towers
    return few_towers, min(layers, FEW_BLOCKS)


def cut(config: LlavaConfig, towers: int, layers: int) -> LlavaConfig:
    """Return the configuration with so many blocks of the tower and of the language model."""
    small = copy.deepcopy(config)
    vision, text = cast("Any", small.vision_config), cast("Any", small.text_config)
    vision.num_hidden_layers, text.num_hidden_layers = towers, layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    return small


def _num_blocks(config: LlavaConfig) -> tuple[int, int]:
    vision, text = cast("Any", config.vision_config), cast("Any", config.text_config)
    return vision.num_hidden_layers, text.num_hidden_layers
