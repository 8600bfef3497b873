"""LoRA as it runs in training, beside the weights that it changes (huggingface/peft, ``tuners/lora/layer.py``)."""

from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn

Changes = Mapping[str, tuple[Tensor, Tensor, float]]
"""``down`` (A) ``[rank, in]``, ``up`` (B) ``[out, rank]`` and the scale, by module."""


def add_changes(network: nn.Module, changes: Changes) -> None:
    """Let the linear layers of a network give ``x @ W.T + scale * (x @ A.T) @ B.T`` from now on.

    Raises:
        KeyError: the network has no such layer.
    """
    modules = dict(network.named_modules())
    for name, (down, up, scale) in changes.items():
        modules[name].register_forward_hook(partial(_changed, down=down, up=up, scale=scale))


def _changed(
    _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, *, down: Tensor, up: Tensor, scale: float
) -> Tensor:
    return output + scale * (inputs[0] @ down.T) @ up.T
