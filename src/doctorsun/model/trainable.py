"""Which parts of the network learn, and the parameters of each."""

from collections.abc import Mapping

from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import PartName

PARTS: tuple[PartName, ...] = ("vision", "projector", "language")


def modules_of(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, nn.Module]:
    """Return the modules of a part by their names in the model."""
    if part == "vision":
        return {"model.vision_tower": model.model.vision_tower}
    if part == "projector":
        return {"model.multi_modal_projector": model.model.multi_modal_projector}
    return {"model.language_model": model.model.language_model, "lm_head": model.lm_head}


def set_trainable(
    model: LlavaForConditionalGeneration, parts: Mapping[PartName, bool]
) -> dict[PartName, dict[str, nn.Parameter]]:
    """Freeze what is not named; return the named parameters that learn, by part.

    Blocks of the tower above the selected feature layer stay frozen: no loss reaches them.
    """
    model.requires_grad_(False)
    chosen: dict[PartName, dict[str, nn.Parameter]] = {}
    unused = _unused_vision_modules(model)
    for part in PARTS:
        if not parts.get(part):
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
    layer, count = model.config.vision_feature_layer, len(model.model.vision_tower.encoder.layers)
    last = layer if layer >= 0 else count + 1 + layer
    names = [f"model.vision_tower.encoder.layers.{index}." for index in range(last, count)]
    return (*names, "model.vision_tower.post_layernorm")
