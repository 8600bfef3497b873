"""What each lever of the training step is worth: the same samples, forward and backward, one lever off at a time."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8

from doctorsun.bench.training_steps import opened
from doctorsun.config import Recipe
from doctorsun.errors import RecipeError
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.recipes.machine import place
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.train.loader import PixelCache
from doctorsun.train.loss import supervised_loss
from doctorsun.train.pack import Group, PackItem, collate
from doctorsun.train.replies import ReplyObjective
from doctorsun.weights.hugging_face import load_weights

NUM_STEPS, NUM_ROUNDS = 3, 5
Pixels = dict[str, UInt8[np.ndarray, "3 size size"]]


@dataclass(frozen=True, slots=True)
class StepSamples:
    """The prepared samples of one step, with their images."""

    items: tuple[PackItem, ...]
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Variant:
    """The training step with one lever off, or with none."""

    lever: str
    batches: Callable[[StepSamples], Sequence[PackedBatch]]
    forward: PackedForward
    bf16: bool


def measure_levers(recipe: Recipe) -> list[dict[str, Any]]:
    """Time the last stage's steps from its start weights, the variants taking turns.

    Returns:
        per lever: tokens of a step, seconds (median of the rounds), and how many times as long as with all levers on.

    Raises:
        RecipeError: the last stage learns no replies.
    """
    name, stage = list(recipe.stages.items())[-1]
    if stage.objective != "replies":
        raise RecipeError(
            f"levers of stage {name}", got=f"objective {stage.objective}", expected="replies", do="take another recipe"
        )
    with tempfile.TemporaryDirectory() as folder:
        context = opened(recipe, Path(folder), lambda _: None)
        stores = {f"{each.source}/train": context.stores.open(each.source, "train") for each in stage.mixture}
        plan = plan_stage(recipe, stage, stores)
        bf16 = context.machine.precision == "bf16"
        forwards = [_forward(context.run / "start", recipe, bf16=bf16) for _ in range(2)]
        processor = load_weights(context.run / "start")[1]
        lengths = {"max_length": stage.max_length, "pack_tokens": stage.pack_tokens}
        objective, cache = ReplyObjective(forwards[0], processor, **lengths), PixelCache(processor)
        samples: list[StepSamples] = []
        for step in range(min(NUM_STEPS, plan.num_steps)):
            drawn = [plan.pools[ref.pool].store[ref.row] for ref in plan.step(step)]
            pixels: Pixels = {}
            for each in drawn:
                pixels |= cache.get(each)
            samples.append(StepSamples(tuple(objective.item(each) for each in drawn), pixels))
    return _timed(_variants(objective, forwards[0], _stock(forwards[1]), bf16=bf16), samples)


def _forward(weights: Path, recipe: Recipe, *, bf16: bool) -> PackedForward:
    stage = list(recipe.stages.values())[-1]
    model, processor = load_weights(weights)
    place(model)
    set_trainable(model, stage.trainable, stage.adapters)
    hold_frozen(model, bf16=bf16)
    return PackedForward(model.train(), image_mean=processor.images.mean, image_std=processor.images.std)


def _stock(forward: PackedForward) -> PackedForward:
    """Let the decoder layers compute as transformers' code does."""
    for layer in forward.language.layers:
        vars(layer).pop("forward", None)
    forward.language.is_light = False
    return forward


def _variants(
    objective: ReplyObjective, forward: PackedForward, stock: PackedForward, *, bf16: bool
) -> tuple[Variant, ...]:
    def packed(step: StepSamples) -> list[PackedBatch]:
        (packs,) = objective.layout(step.items, 1)
        return [objective.batch(pack, step.pixels) for pack in packs]

    def unshared(step: StepSamples) -> list[PackedBatch]:
        (packs,) = objective.layout(step.items, 1)
        return [collate([Group((item,)) for item in pack], step.pixels) for pack in packs]

    def alone(step: StepSamples) -> list[PackedBatch]:
        return [collate([Group((item,))], step.pixels) for item in step.items]

    def asked_everywhere(step: StepSamples) -> list[PackedBatch]:
        return [replace(batch, layout=replace(batch.layout, target_masks=None)) for batch in packed(step)]

    def everywhere(step: StepSamples) -> list[PackedBatch]:
        return [_with_all_targets(batch) for batch in packed(step)]

    other = "bf16 under autocast" if not bf16 else "fp32"
    return (
        Variant("all levers on", packed, forward, bf16),
        Variant("stock decoder layers", packed, stock, bf16),
        Variant("prefixes not shared", unshared, forward, bf16),
        Variant("each sample alone", alone, forward, bf16),
        Variant("last layer's queries of all positions", asked_everywhere, forward, bf16),
        Variant("logits of all positions", everywhere, forward, bf16),
        Variant(other, packed, forward, not bf16),
    )


def _with_all_targets(batch: PackedBatch) -> PackedBatch:
    places = torch.arange(len(batch.ids) - 1)
    layout = replace(batch.layout, target_masks=None)
    return replace(batch, layout=layout, supervised=places, targets=batch.ids[1:], origins=torch.zeros_like(places))


def _timed(variants: Sequence[Variant], samples: Sequence[StepSamples]) -> list[dict[str, Any]]:
    batches = [[list(variant.batches(step)) for step in samples] for variant in variants]
    seconds: list[list[float]] = [[] for _ in variants]
    for number in range(NUM_ROUNDS + 1):
        for variant, steps, found in zip(variants, batches, seconds, strict=True):
            elapsed_s = _train(variant, steps)
            if number:  # the first round warms up
                found.append(elapsed_s / len(samples))
    medians = [statistics.median(found) for found in seconds]
    return [
        {
            "lever": variant.lever,
            "tokens_of_a_step": round(sum(batch.num_tokens for step in steps for batch in step) / len(samples)),
            "step_s": median_s,
            "times_as_long": median_s / medians[0],
        }
        for variant, steps, median_s in zip(variants, batches, medians, strict=True)
    ]


def _train(variant: Variant, steps: Sequence[Sequence[PackedBatch]]) -> float:
    """Compute loss and gradients of the steps; return the seconds that it took."""
    device = variant.forward.model.device
    started = _now(device)
    for batches in steps:
        num_targets = sum(batch.num_targets for batch in batches)
        for each in batches:
            batch = each.to(device)
            with torch.autocast(device.type, torch.bfloat16) if variant.bf16 else nullcontext():
                loss = supervised_loss(variant.forward.losses(batch), num_targets)
            loss.backward()
        variant.forward.model.zero_grad(set_to_none=True)
    return _now(device) - started


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
