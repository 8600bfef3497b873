"""Choosing the next token: the likeliest, or drawn by temperature and top-p."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def choose(
    logits: Float[Tensor, "batch vocab"],
    temperatures: Float[Tensor, " batch"],
    top_ps: Float[Tensor, " batch"],
    draws: Float[Tensor, " batch"],
) -> tuple[Int64[Tensor, " batch"], Float[Tensor, " batch"]]:
    """Choose one token per row; a row depends on nothing but its own entries.

    Args:
        logits: scores of every token.
        temperatures: 0 takes the likeliest token.
        top_ps: the probability mass that may be drawn from, in (0, 1].
        draws: one number in [0, 1) per row, from the request's own generator.

    Returns:
        Token ids, and their natural log-probabilities under the unchanged logits.
    """
    ids = logits.argmax(dim=-1)
    random_rows = temperatures > 0
    if bool(random_rows.any()):
        # The likeliest token stays at 0, so that no temperature is low enough for infinite scores.
        wanted = logits[random_rows]
        scaled = (wanted - wanted.amax(dim=-1, keepdim=True)) / temperatures[random_rows, None]
        ids[random_rows] = _draw(scaled.softmax(dim=-1), top_ps[random_rows], draws[random_rows])
    return ids, logits.log_softmax(dim=-1).gather(-1, ids[:, None])[:, 0]


def likeliest(
    logits: Float[Tensor, "batch vocab"], num: int
) -> tuple[Float[Tensor, "batch num"], Int64[Tensor, "batch num"]]:
    """Return the natural log-probabilities and the ids of the likeliest tokens of each row, the likeliest first.

    Args:
        logits: scores of every token.
        num: how many are wanted; a smaller vocabulary gives fewer.
    """
    logprobs, ids = logits.log_softmax(dim=-1).topk(min(num, logits.shape[-1]))
    return logprobs, ids


def _draw(
    probabilities: Float[Tensor, "batch vocab"], top_ps: Float[Tensor, " batch"], draws: Float[Tensor, " batch"]
) -> Int64[Tensor, " batch"]:
    """Draw by inverting the cumulative distribution of the nucleus.

    Source: Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration" (nucleus sampling).
    """
    ordered, ids = probabilities.sort(dim=-1, descending=True, stable=True)
    before = ordered.cumsum(dim=-1) - ordered
    nucleus = torch.where(before < top_ps[:, None], ordered, 0.0)
    cumulative = nucleus.cumsum(dim=-1)
    targets = draws[:, None] * cumulative[:, -1:]
    places = torch.searchsorted(cumulative, targets, right=True)
    # Rounding can carry a target to the very end, past the nucleus: stay inside it, at the likeliest token at least.
    places = torch.minimum(places, (nucleus > 0).sum(dim=-1, keepdim=True) - 1).clamp(min=0)
    return ids.gather(-1, places)[:, 0]
