"""Computing blocks twice instead of keeping what is inside them: less memory, a third more arithmetic."""

from collections.abc import Iterable
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import LlavaForConditionalGeneration

from doctorsun.model.parts import PARTS, blocks_of, parameters_of


def recompute_blocks(model: LlavaForConditionalGeneration) -> int:
    """Let every block that a gradient passes keep its input alone for the backward pass; return how many these are.

    These are the blocks that train and all above something that trains: a frozen block keeps what the gradient of its
    input needs. The switch of transformers is not used: since its version 5 it makes frozen towers require gradients.
    Hooks, such as those of sharding, stay outside of what is computed twice.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv 1604.06174.

    Args:
        model: with its trainable parts set; is changed in place, once.
    """
    passed: list[nn.Module] = []
    is_passed = False
    for part in PARTS:  # in the order of the forward pass
        for block in blocks_of(model, part):
            is_passed = is_passed or _any_trains(block.parameters())
            if is_passed:
                passed.append(block)
        is_passed = is_passed or _any_trains(parameters_of(model, part))
    for block in passed:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    return len(passed)


def _any_trains(parameters: Iterable[nn.Parameter]) -> bool:
    return any(parameter.requires_grad for parameter in parameters)
