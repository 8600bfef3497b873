"""What a stage trains and holds, counted without memory: parameters, gradients, optimizer states, operations."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlavaConfig, LlavaForConditionalGeneration

from doctorsun.config import PartName, StageSection
from doctorsun.model.flops import TrainingFlops
from doctorsun.model.parts import PARTS, parameters_of
from doctorsun.model.trainable import Learning
from doctorsun.train.few_blocks import Facts, cut, of_all_blocks, set_up
from doctorsun.train.optimizer import PartsOptimizer

BYTES_FP32, BYTES_BF16 = 4, 2
KINDS = ("flops", "forward")
FLOPS = ("token", "pair", "target", "image", "projection")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOnPaper:
    """One part of a network in a stage.

    Attributes:
        parameters: as it was published, without adapters.
        trained: of them, or of the adapters, those that learn.
        weights_bytes: in the precision that each is held in, adapters among them.
        gradients_bytes: one number in 32 bits for each that learns.
        optimizer_bytes: what is kept from step to step.
    """

    parameters: int
    trained: int
    weights_bytes: int
    gradients_bytes: int
    optimizer_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOnPaper:
    """A network as one stage trains it.

    Attributes:
        parts: by name.
        flops: of each unit of work.
        forward: the same without a backward pass.
        group_numbers: of the largest group of weights that sharding gathers at once.
    """

    parts: dict[PartName, PartOnPaper]
    flops: TrainingFlops
    forward: TrainingFlops
    group_numbers: int


def survey(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> StageOnPaper:
    """Count what a stage trains and holds.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    facts = of_all_blocks(lambda small: _counts(small, stage, bf16=bf16), config, stage)
    parts: dict[PartName, PartOnPaper] = {
        part: PartOnPaper(
            **{name: round(facts[f"{part}.{name}"]) for name in PartOnPaper.__dataclass_fields__}  # pyright: ignore[reportArgumentType]
        )
        for part in PARTS
    }
    flops, forward = (TrainingFlops(**{name: facts[f"{kind}.{name}"] for name in FLOPS}) for kind in KINDS)
    return StageOnPaper(parts=parts, flops=flops, forward=forward, group_numbers=_largest_group(config))


def _counts(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> Facts:
    published = LlavaForConditionalGeneration(config)
    model, learning = set_up(config, stage, bf16=bf16)
    flops = TrainingFlops.of(model)
    facts: Facts = {f"flops.{name}": getattr(flops, name) for name in FLOPS}
    for part in PARTS:
        trained = _numel(learning.get(part, {}).values())
        facts[f"{part}.parameters"] = _numel(parameters_of(published, part))
        facts[f"{part}.trained"] = trained
        facts[f"{part}.weights_bytes"] = sum(p.nbytes for p in parameters_of(model, part))
        facts[f"{part}.gradients_bytes"] = BYTES_FP32 * trained
        facts[f"{part}.optimizer_bytes"] = _state_bytes(stage, {part: learning[part]} if part in learning else {})
    forward = TrainingFlops.of(model.requires_grad_(False))
    return facts | {f"forward.{name}": getattr(forward, name) for name in FLOPS}


def _largest_group(config: LlavaConfig) -> int:
    """Return the numbers of the largest of what sharding gathers at once: a layer, the embedding, the head."""
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(cut(config, 1, 1))
    language = model.model.language_model
    return max(_numel(group.parameters()) for group in (language.layers[0], language.embed_tokens, model.lm_head))


def _state_bytes(stage: StageSection, learning: Learning) -> int:
    """Return the bytes that the optimizer keeps: one number for each of a matrix of Muon's, else two."""
    size = BYTES_BF16 if stage.optimizer_states == "bf16" else BYTES_FP32
    groups = PartsOptimizer(stage, learning).param_groups
    return sum((BYTES_FP32 if "momentum" in group else 2 * size) * _numel(group["params"]) for group in groups)


def _numel(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)
