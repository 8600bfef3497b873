"""Low-rank adapters (LoRA) on linear layers of a part, named exactly, through peft."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from doctorsun.config import LoraSection, PartName
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError
from doctorsun.model.parts import part_root, unused_vision_modules

if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer

NAME = "default"
"""What peft calls an adapter inside the network; it stands in no file."""
NUMBER = "*"


@dataclass(frozen=True, slots=True)
class Adapted:
    """A linear layer with its adapter: ``weight + scale * up @ down``.

    Attributes:
        name: of the layer in the model.
        down: ``[rank, in]``, which peft calls A.
        up: ``[out, rank]``, B.
    """

    name: str
    down: nn.Parameter
    up: nn.Parameter
    scale: float

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """Both factors, by the names that peft gives them in files."""
        return {f"{self.name}.lora_A.weight": self.down, f"{self.name}.lora_B.weight": self.up}


def adapter_layers(model: LlavaForConditionalGeneration, part: PartName, modules: Sequence[str] | None) -> list[str]:
    """Return the linear layers of a part that adapters go to, by their names below the part.

    Args:
        model: any device, ``meta`` too.
        part: a part of it.
        modules: paths with ``*`` for the number of a block; None: every linear layer of the part's blocks. Blocks of
            the tower above the layer that the projector reads never get one: no loss reaches them.

    Raises:
        RecipeError: a path matches no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    known = list(_linear_layers(model, part))
    if modules is None:
        return known
    for pattern in modules:
        if not any(_fits(pattern, name) for name in known):
            near = list(dict.fromkeys(re.sub(r"(^|(?<=\.))\d+(?=\.|$)", NUMBER, name) for name in known))
            raise RecipeError(
                f"the path '{pattern}' matches no linear layer of the part '{part}'",
                got=f"'{pattern}'",
                expected=one_of(near),
                do=did_you_mean(pattern, near),
            )
    return [name for name in known if any(_fits(pattern, name) for pattern in modules)]


def add_adapters(model: LlavaForConditionalGeneration, part: PartName, lora: LoraSection, *, seed: int) -> None:
    """Put adapters that change nothing yet (B is zero) on the linear layers of a part; what they adapt is frozen.

    Args:
        model: is changed in place; its part has no adapters yet.
        part: a part of it.
        lora: rank, scale, dropout and layers.
        seed: of the random start of A.

    Raises:
        RecipeError: a path matches no linear layer.
        WeightsError: the projector reads several layers of the tower.
    """
    from peft import LoraConfig, inject_adapter_in_model

    names, root = adapter_layers(model, part, lora.modules), part_root(model, part)[1]
    # A regular expression of whole names: of a list, peft also takes every layer whose name ends like an entry.
    exact = "|".join(map(re.escape, names))
    config = LoraConfig(r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=exact)  # pyright: ignore[reportArgumentType]
    with torch.random.fork_rng(devices=[]):  # peft draws the start of A on the CPU, whatever the device
        torch.manual_seed(seed)
        inject_adapter_in_model(config, root, NAME)
    for _, layer in _lora_layers(root):
        layer.cast_input_dtype_enabled = False  # under autocast, inputs would go to float32 and back for nothing


def adapted_layers(model: LlavaForConditionalGeneration, part: PartName) -> list[Adapted]:
    """Return the layers of a part that have adapters, in the model's order; none where peft was never called."""
    prefix, root = part_root(model, part)
    return [
        Adapted(f"{prefix}.{name}", _factor(layer.lora_A), _factor(layer.lora_B), float(layer.scaling[NAME]))
        for name, layer in _lora_layers(root)
    ]


def _factor(factors: nn.ModuleDict) -> nn.Parameter:
    return cast("nn.Parameter", factors[NAME].weight)


def _lora_layers(root: nn.Module) -> "Iterator[tuple[str, LoraLayer]]":
    if not hasattr(root, "peft_config"):  # peft is not loaded without need
        return
    from peft.tuners.lora import LoraLayer

    yield from ((name, module) for name, module in root.named_modules() if isinstance(module, LoraLayer))


def _linear_layers(model: LlavaForConditionalGeneration, part: PartName) -> Iterator[str]:
    prefix, root = part_root(model, part)
    unused = unused_vision_modules(model)
    for name, module in root.named_modules():
        if isinstance(module, nn.Linear) and not f"{prefix}.{name}.".startswith(unused):
            yield name


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(re.escape(NUMBER), r"\d+"), name) is not None
