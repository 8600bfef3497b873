"""Computing blocks twice instead of keeping what is inside them: less memory, a third more arithmetic."""

from functools import partial

from torch.utils.checkpoint import checkpoint
from transformers import LlavaForConditionalGeneration

from doctorsun.model.parts import PARTS, blocks_of


def recompute_blocks(model: LlavaForConditionalGeneration) -> int:
    """Let every block that trains keep its input alone for the backward pass; return how many these are.

    A block without trainable parameters keeps little (no weight asks for its inputs), and stays as it is. The switch
    of transformers is not used: since its version 5 it makes frozen towers require gradients. Hooks, such as those of
    sharding, stay outside of what is computed twice.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv 1604.06174.

    Args:
        model: with its trainable parts set; is changed in place, once.
    """
    blocks = [block for part in PARTS for block in blocks_of(model, part)]
    training = [block for block in blocks if any(p.requires_grad for p in block.parameters())]
    for block in training:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    return len(training)
