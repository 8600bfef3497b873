"""Training on paper, without memory or arithmetic: what a stage trains, and what one of its passes holds at most."""

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer, models
from torch import Tensor, nn
from transformers import LlavaConfig, LlavaForConditionalGeneration

from doctorsun.config import PartName, StageSection
from doctorsun.model.flops import TrainingFlops
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.memory import LiveBytes, without_memory
from doctorsun.model.parts import PARTS, modules_of
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import Learning, hold_frozen, set_trainable
from doctorsun.processor.chat_template import ChatTemplate
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.processor.processor import Processor, Rendered
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.train.pack import PackItem, collate, neighbours
from doctorsun.train.replies import ReplyObjective

FEW_BLOCKS = 2
"""Blocks of the smallest network that is rehearsed: what a block adds is the difference to one block more."""
BYTES_FP32, BYTES_BF16 = 4, 2
FLOPS = ("token", "pair", "target", "image", "projection")
Facts = dict[str, float]
"""What grows by the same amount with every block of the tower and of the language model."""


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
        group_numbers: of the largest group of weights that sharding gathers at once.
    """

    parts: dict[PartName, PartOnPaper]
    flops: TrainingFlops
    group_numbers: int


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


def survey(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> StageOnPaper:
    """Count what a stage trains and holds.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    facts = _of_all_blocks(lambda small: _counts(small, stage, bf16=bf16), config, stage)
    parts: dict[PartName, PartOnPaper] = {
        part: PartOnPaper(
            **{name: round(facts[f"{part}.{name}"]) for name in PartOnPaper.__dataclass_fields__}  # pyright: ignore[reportArgumentType]
        )
        for part in PARTS
    }
    flops = TrainingFlops(**{name: facts[f"flops.{name}"] for name in FLOPS})
    return StageOnPaper(parts=parts, flops=flops, group_numbers=_largest_group(config))


def rehearse(config: LlavaConfig, stage: StageSection, shape: PassShape) -> PassOnPaper:
    """Carry a pass out without memory.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    facts = _of_all_blocks(lambda small: _phases(small, stage, shape), config, stage)
    kept = facts.pop("kept")
    in_loss = max(facts["loss"], facts["backward of the loss"]) - kept
    return PassOnPaper(kept=round(kept), loss=round(max(0.0, in_loss)), peak=round(max(facts.values())))


def paper_model(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> LlavaForConditionalGeneration:
    """Build a network without memory as a stage trains it, of few blocks.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
    """
    with torch.device("meta"):
        return _set_up(_cut(config, *_few(config, stage)), stage, bf16=bf16)[0]


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


def _of_all_blocks(facts: Callable[[LlavaConfig], Facts], config: LlavaConfig, stage: StageSection) -> Facts:
    """Return the facts of a network from those of networks with few blocks."""
    towers, layers = _few(config, stage)
    with torch.device("meta"):
        first = facts(_cut(config, towers, layers))
        whole = dict(first)
        left = [number - few for number, few in zip(_num_blocks(config), (towers, layers), strict=True)]
        for number, more in zip(left, ((1, 0), (0, 1)), strict=True):
            if number:
                other = facts(_cut(config, towers + more[0], layers + more[1]))
                whole = {key: whole[key] + number * (other[key] - first[key]) for key in whole}
    return whole


def _few(config: LlavaConfig, stage: StageSection) -> tuple[int, int]:
    """Return how many blocks of the tower and of the language model stand for all; all where they differ."""
    towers, layers = _num_blocks(config)
    patterns = [pattern for lora in stage.adapters.values() for pattern in lora.modules or ()]
    if any(re.search(r"(^|\.)\d+(\.|$)", pattern) for pattern in patterns):
        return towers, layers
    feature = config.vision_feature_layer
    few_towers = min(towers, FEW_BLOCKS - 1 - feature) if isinstance(feature, int) and feature < 0 else towers
    return few_towers, min(layers, FEW_BLOCKS)


def _num_blocks(config: LlavaConfig) -> tuple[int, int]:
    vision, text = cast("Any", config.vision_config), cast("Any", config.text_config)
    return vision.num_hidden_layers, text.num_hidden_layers


def _cut(config: LlavaConfig, towers: int, layers: int) -> LlavaConfig:
    small = copy.deepcopy(config)
    vision, text = cast("Any", small.vision_config), cast("Any", small.text_config)
    vision.num_hidden_layers, text.num_hidden_layers = towers, layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    return small


def _set_up(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> tuple[LlavaForConditionalGeneration, Learning]:
    model = LlavaForConditionalGeneration(config)
    learning = set_trainable(model, stage.trainable, stage.adapters)
    hold_frozen(model, bf16=bf16)
    return model, learning


def _counts(config: LlavaConfig, stage: StageSection, *, bf16: bool) -> Facts:
    published = LlavaForConditionalGeneration(config)
    model, learning = _set_up(config, stage, bf16=bf16)
    flops = TrainingFlops.of(model)
    facts: Facts = {f"flops.{name}": getattr(flops, name) for name in FLOPS}
    for part in PARTS:
        trained = _numel(learning.get(part, {}).values())
        facts[f"{part}.parameters"] = _numel(_distinct(published, part))
        facts[f"{part}.trained"] = trained
        facts[f"{part}.weights_bytes"] = sum(p.nbytes for p in _distinct(model, part))
        facts[f"{part}.gradients_bytes"] = BYTES_FP32 * trained
        facts[f"{part}.optimizer_bytes"] = _state_bytes(stage, {part: learning[part]} if part in learning else {})
    return facts


def _phases(config: LlavaConfig, stage: StageSection, shape: PassShape) -> Facts:
    """Pass a pack forward and backward; return the peak of each phase, and what is kept between the two."""
    model = _set_up(config, stage, bf16=shape.bf16)[0]
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
    language = {id(p) for p in _distinct(model, "language")} if without_language else set[int]()
    for parameter in model.parameters():
        if parameter.requires_grad and id(parameter) not in language:
            parameter.grad = torch.zeros_like(parameter)


def _hold_as_gathered(model: LlavaForConditionalGeneration, *, bf16: bool) -> None:
    """Hold the language model in the precision that shards are gathered in; drop its gradients as they are made."""
    for parameter in _distinct(model, "language"):
        parameter.data = parameter.data.to(torch.bfloat16) if bf16 else parameter.data
        parameter.register_post_accumulate_grad_hook(_drop_gradient)


def _drop_gradient(parameter: Tensor) -> None:
    parameter.grad = None


def _largest_group(config: LlavaConfig) -> int:
    """Return the numbers of the largest of what sharding gathers at once: a layer, the embedding, the head."""
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(_cut(config, 1, 1))
    language = model.model.language_model
    return max(_numel(group.parameters()) for group in (language.layers[0], language.embed_tokens, model.lm_head))


def _state_bytes(stage: StageSection, learning: Learning) -> int:
    """Return the bytes that the optimizer keeps: one number for each of a matrix of Muon's, else two."""
    size = BYTES_BF16 if stage.optimizer_states == "bf16" else BYTES_FP32
    groups = PartsOptimizer(stage, learning).param_groups
    return sum((BYTES_FP32 if "momentum" in group else 2 * size) * _numel(group["params"]) for group in groups)


def _distinct(model: LlavaForConditionalGeneration, part: PartName) -> list[nn.Parameter]:
    """Return the parameters of a part; a head that is the embedding stands once."""
    return list({id(p): p for module in modules_of(model, part).values() for p in module.parameters()}.values())


def _numel(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)
