"""Which parts of the network learn, and the parameters of each."""

from collections.abc import Collection

from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import PartName
from doctorsun.errors import WeightsError

PARTS: tuple[PartName, ...] = ("vision", "projector", "language")


def modules_of(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, nn.Module]:
    """Return the modules of a part by their names in the model."""
    if part == "vision":
        return {"model.vision_tower": model.model.vision_tower}
    if part == "projector":
        return {"model.multi_modal_projector": model.model.multi_modal_projector}
    return {"model.language_model": model.model.language_model, "lm_head": model.lm_head}


def set_trainable(
    model: LlavaForConditionalGeneration, parts: Collection[PartName]
) -> dict[PartName, dict[str, nn.Parameter]]:
    """Freeze what is not named; return the named parameters that learn, by part.

    Blocks of the tower above the selected feature layer stay frozen: no loss reaches them.

    Raises:
        WeightsError: the projector reads several layers of the tower.
    """
    model.requires_grad_(False)
    chosen: dict[PartName, dict[str, nn.Parameter]] = {}
    unused = _unused_vision_modules(model)
    for part in PARTS:
        if part not in parts:
            continue
        chosen[part] = {
            f"{prefix}.{name}": parameter
            for prefix, module in modules_of(model, part).items()
            for name, parameter in module.named_parameters()
            if not any(f"{prefix}.{name}".startswith(dead) for dead in unused)
        }
        for parameter in chosen[part].values():
            parameter.requires_grad_(True)
    return chosen


def _unused_vision_modules(model: LlavaForConditionalGeneration) -> tuple[str, ...]:
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
