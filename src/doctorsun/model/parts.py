"""The three parts of a network, and what of them feeds no loss."""

from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import PartName
from doctorsun.errors import WeightsError

PARTS: tuple[PartName, ...] = ("vision", "projector", "language")


def part_root(model: LlavaForConditionalGeneration, part: PartName) -> tuple[str, nn.Module]:
    """Return the module that a part's blocks lie in, after its name in the model."""
    if part == "vision":
        return "model.vision_tower", model.model.vision_tower
    if part == "projector":
        return "model.multi_modal_projector", model.model.multi_modal_projector
    return "model.language_model", model.model.language_model


def modules_of(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, nn.Module]:
    """Return the modules of a part by their names in the model: of the language model, the head too."""
    head = {"lm_head": model.lm_head} if part == "language" else {}
    return dict([part_root(model, part)]) | head


def parameters_of(model: LlavaForConditionalGeneration, part: PartName) -> list[nn.Parameter]:
    """Return the parameters of a part; a head that is the embedding stands once."""
    return list({id(p): p for module in modules_of(model, part).values() for p in module.parameters()}.values())


def blocks_of(model: LlavaForConditionalGeneration, part: PartName) -> list[nn.Module]:
    """Return the blocks of a part that a loss reaches, in order; the projector has none."""
    if part == "vision":
        return list(model.model.vision_tower.encoder.layers[: num_used_vision_layers(model)])
    return list(model.model.language_model.layers) if part == "language" else []


def unused_vision_modules(model: LlavaForConditionalGeneration) -> tuple[str, ...]:
    """Return how the names begin of all in the tower that comes after the features which the projector reads.

    Raises:
        WeightsError: it reads several layers.
    """
    used, count = num_used_vision_layers(model), len(model.model.vision_tower.encoder.layers)
    names = [f"model.vision_tower.encoder.layers.{index}." for index in range(used, count)]
    return (*names, "model.vision_tower.post_layernorm.")


def num_used_vision_layers(model: LlavaForConditionalGeneration) -> int:
    """Count the blocks of the tower that come before the features which the projector reads.

    Raises:
        WeightsError: it reads several layers.
    """
    layer = model.config.vision_feature_layer
    if not isinstance(layer, int):
        raise WeightsError(
            "config.json: vision_feature_layer",
            got=f"{layer}",
            expected="one layer",
            do="use weights whose projector reads one layer of the tower",
        )
    return layer if layer >= 0 else len(model.model.vision_tower.encoder.layers) + 1 + layer
