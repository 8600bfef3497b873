"""The head of a language model and its loss: logits of many positions never lie in memory together."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

LOGIT_BYTES = 2**28
"""Logits, in 32 bits, that are in memory at a time: of 523 positions where the vocabulary has 128,256 words."""


class Head(nn.Module):
    """Logits of positions, or the cross-entropy of their next tokens.

    Args:
        linear: from the last hidden states to logits, without a bias.
        logit_bytes: logits that are in memory at a time.
    """

    def __init__(self, linear: nn.Linear, logit_bytes: int = LOGIT_BYTES) -> None:
        super().__init__()
        self.linear = linear
        self.logit_bytes = logit_bytes

    def forward(
        self, hidden: Float[Tensor, "targets dim"], targets: Int[Tensor, " targets"] | None = None
    ) -> Float[Tensor, "targets vocab"] | Float[Tensor, " targets"]:
        """Return logits; where targets are given, the loss of each in 32 bits."""
        if targets is None:
            return self.linear(hidden)
        num_rows = max(1, self.logit_bytes // (4 * self.linear.out_features))
        if len(targets) <= num_rows:
            return cross_entropy(self.linear(hidden).float(), targets, reduction="none")
        return _LossesInPieces.apply(hidden, self.linear.weight, targets, num_rows)


class _LossesInPieces(torch.autograd.Function):
    """Cross-entropy of a linear head, some positions at a time; the backward pass computes their logits again.

    Without it a pack of 8,192 supervised tokens holds 12 GiB of logits and their gradients at a vocabulary of 128,256.
    The gradient of the weight is added up in 32 bits.

    Source: chunked linear cross-entropy, as in Wijmans et al. 2024, arXiv 2411.09009.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, num_rows: int) -> Tensor:
        """Return the losses; what the head computes in is autocast's type, where that is on."""
        device = hidden.device.type
        ctx.dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        ctx.num_rows = num_rows
        ctx.save_for_backward(hidden, weight, targets)
        cast = weight.to(ctx.dtype)
        pieces = zip(hidden.split(num_rows), targets.split(num_rows), strict=True)
        losses = [cross_entropy((rows.to(ctx.dtype) @ cast.T).float(), ids, reduction="none") for rows, ids in pieces]
        return torch.cat(losses)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  # one gradient for one result
        ctx: Any, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        """Return the gradients of the hidden states and of the weight, where they are wanted."""
        hidden, weight, targets = ctx.saved_tensors
        wants_hidden, wants_weight = ctx.needs_input_grad[:2]
        of_hidden = torch.empty_like(hidden) if wants_hidden else None
        of_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_weight else None
        cast = weight.to(ctx.dtype)
        for first in range(0, len(targets), ctx.num_rows):
            piece = slice(first, first + ctx.num_rows)
            rows, ids = hidden[piece].to(ctx.dtype), targets[piece]
            of_logits = (rows @ cast.T).float().softmax(dim=1)
            of_logits[torch.arange(len(ids), device=ids.device), ids] -= 1
            of_logits = of_logits.mul_(grad[piece, None]).to(ctx.dtype)
            if of_hidden is not None:
                of_hidden[piece] = of_logits @ cast
            if of_weight is not None:
                of_weight += of_logits.T @ rows
        return of_hidden, None if of_weight is None else of_weight.to(weight.dtype), None, None
