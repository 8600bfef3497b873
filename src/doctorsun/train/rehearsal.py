"""A pass of training, rehearsed without memory or arithmetic: what it holds at most, beside weights and states."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer, models
from torch import Tensor, nn
from transformers import LlavaConfig, LlavaForConditionalGeneration

from doctorsun.config import PartName, StageSection
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.memory import LiveBytes, without_memory
from doctorsun.model.parts import parameters_of
from doctorsun.model.recompute import recompute_blocks
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.train.few_blocks import Facts, of_all_blocks, set_up
from doctorsun.train.pack import PackItem, collate, neighbours
from doctorsun.train.replies import ReplyObjective


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOnPaper:
    """The bytes of a forward and backward pass, beside weights and what the optimizer keeps.

    Attributes:
        kept: activations that lie between the forward and the backward pass.
        loss: the most that the head and the loss hold beside them.
        peak: the most at any time, gradients that are there among them.
    """

    kept: int
    loss: int
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PassShape:
    """What a pass holds.

    Attributes:
        items: the samples of a pack; where labels are learnt, one for each image.
        bf16: compute in bfloat16 under autocast.
        is_sharded: the language model is sharded among ranks: its gradients leave as they are made.
        is_first: no gradient of a pass before it is there.
    """

    items: Sequence[PackItem]
    bf16: bool
    is_sharded: bool = False
    is_first: bool = True


def rehearse(config: LlavaConfig, stage: StageSection, shape: PassShape) -> PassOnPaper:
    """Carry a pass out without memory.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    facts = of_all_blocks(lambda small: _phases(small, stage, shape), config, stage, grow_with=_kept_blocks(stage))
    kept = facts.pop("kept")
    in_loss = max(facts["loss"], facts["backward of the loss"]) - kept
    return PassOnPaper(kept=round(kept), loss=round(max(0.0, in_loss)), peak=round(max(facts.values())))


def stand_ins(config: LlavaConfig, *, tokens: int, length: int, images: int) -> list[PackItem]:
    """Return samples that fill a pack where the real ones are not known: all that is no image is a reply.

    Args:
        config: of the network.
        tokens: of the pack.
        length: of each sample.
        images: of each sample.
    """
    visual = [config.image_token_id] * config.image_seq_length * images
    ids = np.array([0, *visual, *[0] * max(1, length - len(visual) - 1)], dtype=np.int32)
    rendered = Rendered(ids, np.arange(len(ids)) > len(visual), len(visual) + 1 if images else 0)
    places = range(max(1, tokens // len(ids)))
    return [PackItem(rendered, tuple(f"{place}.{image}" for image in range(images))) for place in places]


def _kept_blocks(stage: StageSection) -> tuple[PartName, ...]:
    """Return the parts each block of which adds to what is held: a frozen tower passes on all that it makes."""
    vision: tuple[PartName, ...] = ("vision",) if "vision" in stage.trainable else ()
    return vision if stage.objective == "labels" else (*vision, "language")


def _phases(config: LlavaConfig, stage: StageSection, shape: PassShape) -> Facts:
    """Pass a pack forward and backward; return the peak of each phase, and what is kept between the two."""
    model = set_up(config, stage, bf16=shape.bf16)[0]
    batch = _batch(config, shape.items)
    with without_memory(model):
        if shape.is_sharded:
            _hold_as_gathered(model, bf16=shape.bf16)
        forward = PackedForward(model.train(), image_mean=(0.5,) * 3, image_std=(0.5,) * 3)
        if stage.recompute:
            recompute_blocks(model)
        live = LiveBytes(num_places=len(batch.pixels) * forward.num_patches)
        for tensor in (*model.parameters(), *model.buffers()):
            live.ignore(tensor)
        autocast: AbstractContextManager[Any] = torch.autocast("cpu", torch.bfloat16) if shape.bf16 else nullcontext()
        with live:
            if not shape.is_first:
                _make_gradients(model, without_language=shape.is_sharded)
            phases = _PhasePeaks(live, model)
            with autocast:
                loss = _loss(forward, stage, batch)
            phases.end("loss")
            loss.backward()
            phases.end("backward")
    return phases.found


class _PhasePeaks:
    """Notes the most bytes of each phase, each of which holds more by the same amount with every block.

    Args:
        live: what is held.
        model: its forward pass begins now.
    """

    def __init__(self, live: LiveBytes, model: LlavaForConditionalGeneration) -> None:
        self.live = live
        names = ("tower", "language", "loss", "backward of the loss", "backward of the language model", "backward")
        self.found: Facts = dict.fromkeys((*names, "kept"), 0.0)
        live.restart()
        model.model.multi_modal_projector.register_forward_hook(self._after_projector)
        model.model.language_model.norm.register_forward_hook(self._after_norm)

    def end(self, name: str) -> None:
        """Note the peak since the last phase ended."""
        self.found[name] = float(self.live.restart())

    def _after_projector(self, _module: nn.Module, _args: object, visual: Tensor) -> None:
        self.end("tower")
        if visual.requires_grad:
            visual.register_hook(lambda _grad: self.end("backward of the language model"))

    def _after_norm(self, _module: nn.Module, _args: object, hidden: Tensor) -> None:
        self.end("language")
        self.found["kept"] = float(self.live.now)
        if hidden.requires_grad:
            hidden.register_hook(lambda _grad: self.end("backward of the loss"))


def _batch(config: LlavaConfig, items: Sequence[PackItem]) -> PackedBatch:
    """Build a pack as training does, its images black."""
    size: int = cast("Any", config.vision_config).image_size
    black = np.zeros((3, size, size), dtype=np.uint8)
    with torch.device("cpu"):
        return collate(neighbours(items), {name: black for item in items for name in item.images})


def _loss(forward: PackedForward, stage: StageSection, batch: PackedBatch) -> Tensor:
    """Compute the loss of a pack; of labels the sum over the features, beside which their two layers are small."""
    if stage.objective == "labels":
        return forward.vision_features(batch.pixels).float().sum()
    size: int = forward.parts.vision_tower.config.image_size
    processor = Processor(Tokenizer(models.BPE()), ChatTemplate(""), ImageProcessor(size=size), forward.num_patches)
    objective = ReplyObjective(forward, processor, max_length=stage.max_length, pack_tokens=stage.pack_tokens)
    return objective.loss(batch, step_targets=max(1, batch.num_targets))


def _make_gradients(model: LlavaForConditionalGeneration, *, without_language: bool) -> None:
    language = {id(p) for p in parameters_of(model, "language")} if without_language else set[int]()
    for parameter in model.parameters():
        if parameter.requires_grad and id(parameter) not in language:
            parameter.grad = torch.zeros_like(parameter)


def _hold_as_gathered(model: LlavaForConditionalGeneration, *, bf16: bool) -> None:
    """Hold the language model in the precision that shards are gathered in; drop its gradients as they are made."""
    for parameter in parameters_of(model, "language"):
        parameter.data = parameter.data.to(torch.bfloat16) if bf16 else parameter.data
        parameter.register_post_accumulate_grad_hook(_drop_gradient)


def _drop_gradient(parameter: Tensor) -> None:
    parameter.grad = None
