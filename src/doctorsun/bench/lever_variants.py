"""The training step with one lever off: which batches, which network, which precision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from doctorsun.config import LoraSection, PartName
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.recipes.machine import place
from doctorsun.schema import Sample
from doctorsun.train.loader import PixelCache, Pixels
from doctorsun.train.pack import Group, PackItem, collate
from doctorsun.train.replies import ReplyObjective
from doctorsun.weights.hugging_face import load_weights

NUM_PIECES = 4


@dataclass(frozen=True, slots=True)
class StepSamples:
    """The samples of one step, prepared, with their images."""

    samples: tuple[Sample, ...]
    items: tuple[PackItem, ...]
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Variant:
    """The training step with one lever off, or with none.

    Attributes:
        lever: what is off.
        batches: lays a step out.
        forward: the network.
        bf16: compute in bfloat16 under autocast.
        num_pieces: into which the loss of a batch is cut; None: as large as training makes them.
        is_late: the batches are made while the step waits.
    """

    lever: str
    batches: Callable[[StepSamples], Sequence[PackedBatch]]
    forward: PackedForward
    bf16: bool
    num_pieces: int | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverNetworks:
    """Opens the start weights anew for each variant that needs a network of its own.

    Attributes:
        weights: the folder.
        bf16: compute in bfloat16 under autocast.
    """

    weights: Path
    bf16: bool

    def training(
        self,
        trainable: Sequence[PartName],
        adapters: Mapping[PartName, LoraSection] | None = None,
        *,
        tower_has_graph: bool = False,
    ) -> PackedForward:
        """Return the network with these parts trainable; the graph may reach through a frozen tower."""
        model, processor = load_weights(self.weights)
        place(model)
        set_trainable(model, trainable, adapters)
        hold_frozen(model, bf16=self.bf16)
        if tower_has_graph:
            model.model.vision_tower.embeddings.requires_grad_(True)
        return PackedForward(model.train(), image_mean=processor.images.mean, image_std=processor.images.std)

    def stock(self, trainable: Sequence[PartName], adapters: Mapping[PartName, LoraSection]) -> PackedForward:
        """Let the decoder layers compute as transformers' code does."""
        forward = self.training(trainable, adapters)
        for layer in forward.language.layers:
            vars(layer).pop("forward", None)
        forward.language.is_light = False
        return forward


def step_levers(
    objective: ReplyObjective, stock: PackedForward, cache: PixelCache, *, bf16: bool
) -> tuple[Variant, ...]:
    """Return the stage's step with all levers on, and with one off at a time.

    Args:
        objective: lays out as training does.
        stock: the network with transformers' own decoder layers.
        cache: decodes images and keeps none.
        bf16: the precision of the stage.
    """

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

    def decoded(step: StepSamples) -> list[PackedBatch]:
        pixels = {name: image for each in step.samples for name, image in cache.get(each).items()}
        return packed(replace(step, pixels=pixels))

    forward, other = objective.forward, "bf16 under autocast" if not bf16 else "fp32"
    return (
        Variant("all levers on", packed, forward, bf16),
        Variant("stock decoder layers", packed, stock, bf16),
        Variant("prefixes not shared", unshared, forward, bf16),
        Variant("each sample alone", alone, forward, bf16),
        Variant("last layer's queries of all positions", asked_everywhere, forward, bf16),
        Variant("logits of all positions", everywhere, forward, bf16),
        Variant("images decoded while the step waits", decoded, forward, bf16, is_late=True),
        Variant(other, packed, forward, not bf16),
    )


def frozen_levers(packed: Variant, networks: LeverNetworks) -> tuple[Variant, ...]:
    """Return the step of the projector alone, and with work that frozen parts do not need."""
    frozen, graph = networks.training(["projector"]), networks.training(["projector"], tower_has_graph=True)
    everything = networks.training(["vision", "projector", "language"])
    return (
        replace(packed, lever="projector alone: all levers on", forward=frozen),
        replace(packed, lever="projector alone: a graph through the frozen tower", forward=graph),
        replace(packed, lever="projector alone: gradients of all weights", forward=everything),
    )


def loss_levers(packed: Variant) -> tuple[Variant, ...]:
    """Return the step with its loss in pieces, as training computes long ones, and with all logits at once."""
    return (
        replace(packed, lever=f"loss in {NUM_PIECES} pieces", num_pieces=NUM_PIECES),
        replace(packed, lever="loss of all logits at once", num_pieces=1),
    )


def _with_all_targets(batch: PackedBatch) -> PackedBatch:
    places = torch.arange(len(batch.ids) - 1)
    layout = replace(batch.layout, target_masks=None)
    return replace(batch, layout=layout, supervised=places, targets=batch.ids[1:], origins=torch.zeros_like(places))
