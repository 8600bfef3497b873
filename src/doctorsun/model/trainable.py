"""Which parts of the network learn, the parameters of each, and the precision that the others are held in."""

from collections.abc import Collection, Mapping

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import LoraSection, PartName
from doctorsun.model.adapters import adapted_layers, add_adapters
from doctorsun.model.parts import PARTS, modules_of, unused_vision_modules

Learning = dict[PartName, dict[str, nn.Parameter]]
"""What learns, by part and by a name that is the same in every run."""


def set_trainable(
    model: LlavaForConditionalGeneration,
    parts: Collection[PartName],
    adapters: Mapping[PartName, LoraSection] | None = None,
    *,
    seed: int = 0,
) -> Learning:
    """Freeze what is not named; return the parameters that learn, in float32, by part.

    Blocks of the tower above the selected feature layer stay frozen: no loss reaches them. A head that is the
    embedding stands once.

    Args:
        model: is changed in place.
        parts: those that learn.
        adapters: of those that learn by adapters, their settings: all else of them is frozen.
        seed: of the adapters' random start.

    Raises:
        RecipeError: adapters are wanted where there is no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    adapters = adapters or {}
    model.requires_grad_(False)
    chosen: Learning = {}
    for part in PARTS:
        if part not in parts:
            continue
        if part in adapters:
            add_adapters(model, part, adapters[part], seed=seed + PARTS.index(part))
            chosen[part] = _factors(model, part)
        else:
            chosen[part] = _weights(model, part)
        for parameter in chosen[part].values():
            parameter.data = parameter.data.float()
            parameter.requires_grad_(True)
    return chosen


@torch.no_grad()
def hold_frozen(model: LlavaForConditionalGeneration, *, bf16: bool) -> None:
    """Hold what is frozen in the precision of the computation.

    In bfloat16 these are the weights and biases of linear layers and convolutions: autocast rounds exactly those on
    every pass, so that no number of the run changes; what it computes in float32 (norms, embeddings) stays so. The
    network is no source of frozen weights afterwards: `doctorsun.weights.trained` takes them from where they came.

    Args:
        model: with its trainable parts set; is changed in place.
        bf16: whether the stage computes in bfloat16, under autocast.
    """
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    for module in model.modules():
        rounds = bf16 and isinstance(module, (nn.Linear, nn.Conv2d)) and id(module.weight) not in embeddings
        for parameter in module.parameters(recurse=False):
            if not parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16 if rounds else torch.float32)


def learning(model: LlavaForConditionalGeneration) -> Learning:
    """Return what learns in a model whose trainable parts are set, as `set_trainable` returned it."""
    found: Learning = {}
    for part in PARTS:
        named = _factors(model, part) or _weights(model, part)
        if kept := {name: parameter for name, parameter in named.items() if parameter.requires_grad}:
            found[part] = kept
    return found


def _factors(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, nn.Parameter]:
    layers = adapted_layers(model, part)
    return {name: parameter for layer in layers for name, parameter in layer.parameters.items()}


def _weights(model: LlavaForConditionalGeneration, part: PartName) -> dict[str, nn.Parameter]:
    unused, seen, chosen = unused_vision_modules(model), set[int](), dict[str, nn.Parameter]()
    for prefix, module in modules_of(model, part).items():
        for name, parameter in module.named_parameters():
            if not f"{prefix}.{name}".startswith(unused) and id(parameter) not in seen:
                seen.add(id(parameter))
                chosen[f"{prefix}.{name}"] = parameter
    return chosen
