"""What each lever of the training step is worth: the same samples, forward and backward, one lever off at a time."""

import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from doctorsun.bench.lever_variants import LeverNetworks, StepSamples, Variant, frozen_levers, loss_levers, step_levers
from doctorsun.bench.training_steps import opened
from doctorsun.config import Recipe
from doctorsun.errors import RecipeError
from doctorsun.model.forward import PackedBatch
from doctorsun.model.head import LOGIT_BYTES
from doctorsun.model.memory import LiveBytes
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.train.loader import PixelCache
from doctorsun.train.loss import supervised_loss
from doctorsun.train.plan import StagePlan
from doctorsun.train.replies import ReplyObjective
from doctorsun.weights.hugging_face import load_weights

NUM_STEPS, NUM_ROUNDS = 3, 5
MIB = 2**20
Steps = Sequence[Sequence[PackedBatch]]


def measure_levers(recipe: Recipe) -> list[dict[str, Any]]:
    """Time the last stage's steps from its start weights, the variants taking turns.

    Three groups, each against its first row: the stage's own step; that of the projector alone, which shows what frozen
    parts save; and the loss in pieces against all logits at once.

    Returns:
        per lever: tokens of a step, seconds (median of the rounds), how many times as long as the first of its group,
        and the most memory that a pass holds beside the weights.

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
        networks = LeverNetworks(weights=context.run / "start", bf16=context.machine.precision == "bf16")
        processor, parts = load_weights(context.run / "start")[1], list(stage.trainable)
        lengths = {"max_length": stage.max_length, "pack_tokens": stage.pack_tokens}
        objective = ReplyObjective(networks.training(parts, stage.adapters), processor, **lengths)
        stock, uncached = networks.stock(parts, stage.adapters), PixelCache(processor, capacity_bytes=0)
        own = step_levers(objective, stock, uncached, bf16=networks.bf16)
        groups = (own, frozen_levers(own[0], networks), loss_levers(own[0]))
        samples = _samples(plan_stage(recipe, stage, stores), objective, PixelCache(processor))
        return [row for group in groups for row in _timed(group, samples)]


def _samples(plan: StagePlan, objective: ReplyObjective, cache: PixelCache) -> list[StepSamples]:
    found: list[StepSamples] = []
    for step in range(min(NUM_STEPS, plan.num_steps)):
        drawn = tuple(plan.pools[ref.pool].store[ref.row] for ref in plan.step(step))
        pixels = {name: image for each in drawn for name, image in cache.get(each).items()}
        found.append(StepSamples(drawn, tuple(objective.item(each) for each in drawn), pixels))
    return found


def _timed(variants: Sequence[Variant], samples: Sequence[StepSamples]) -> list[dict[str, Any]]:
    batches: list[Steps] = [[list(variant.batches(step)) for step in samples] for variant in variants]
    peaks = [_peak_bytes(variant, steps) for variant, steps in zip(variants, batches, strict=True)]  # and warms up
    seconds: list[list[float]] = [[] for _ in variants]
    for _ in range(NUM_ROUNDS):
        for variant, steps, found in zip(variants, batches, seconds, strict=True):
            found.append(_seconds(variant, steps, samples) / len(samples))
    medians = [statistics.median(found) for found in seconds]
    return [
        {
            "lever": variant.lever,
            "tokens_of_a_step": round(sum(batch.num_tokens for step in steps for batch in step) / len(samples)),
            "step_s": median_s,
            "times_as_long": median_s / medians[0],
            "peak_mib": peak / MIB,
        }
        for variant, steps, median_s, peak in zip(variants, batches, medians, peaks, strict=True)
    ]


def _peak_bytes(variant: Variant, steps: Steps) -> int:
    """Return the most that the tensors of a step take, gradients among them, weights not."""
    live = LiveBytes()
    for tensor in (*variant.forward.model.parameters(), *variant.forward.model.buffers()):
        live.ignore(tensor)
    with live:
        for batches in steps:
            _train(variant, batches)
    return live.peak


def _seconds(variant: Variant, steps: Steps, samples: Sequence[StepSamples]) -> float:
    """Compute loss and gradients of the steps; return the seconds that it took."""
    device = variant.forward.model.device
    started = _now(device)
    for batches, step in zip(steps, samples, strict=True):
        _train(variant, variant.batches(step) if variant.is_late else batches)
    return _now(device) - started


def _train(variant: Variant, batches: Sequence[PackedBatch]) -> None:
    device, head = variant.forward.model.device, variant.forward.language.head
    num_targets = sum(batch.num_targets for batch in batches)
    for each in batches:
        batch = each.to(device)
        if variant.num_pieces is not None:
            head.logit_bytes = 4 * head.linear.out_features * math.ceil(batch.num_targets / variant.num_pieces)
        with torch.autocast(device.type, torch.bfloat16) if variant.bf16 else nullcontext():
            loss = supervised_loss(variant.forward.losses(batch), num_targets)
        loss.backward()
        head.logit_bytes = LOGIT_BYTES
    variant.forward.model.zero_grad(set_to_none=True)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
