"""The loss of a head in pieces: equal to that of all logits at once, without their memory."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from doctorsun.model.head import LOGIT_BYTES, Head
from doctorsun.model.memory import LiveBytes

VOCAB, DIM = 2**17, 8
ROWS = LOGIT_BYTES // (4 * VOCAB)
"""Positions of one piece."""


def inputs(num_rows: int) -> tuple[Head, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    linear = nn.Linear(DIM, VOCAB, bias=False)
    with torch.no_grad():
        linear.weight.normal_(generator=generator)
    hidden = torch.randn(num_rows, DIM, generator=generator)
    return Head(linear), hidden, torch.randint(0, VOCAB, (num_rows,), generator=generator)


def learnt(head: Head, hidden: Tensor, targets: Tensor, *, whole: bool, bf16: bool = False) -> list[Tensor]:
    """Return losses and gradients; each target counts otherwise."""
    hidden = hidden.clone().requires_grad_()
    head.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        losses = cross_entropy(head(hidden).float(), targets, reduction="none") if whole else head(hidden, targets)
    (losses * torch.linspace(-1, 2, len(targets))).sum().backward()
    assert hidden.grad is not None
    assert head.linear.weight.grad is not None
    return [losses.detach(), hidden.grad, head.linear.weight.grad]


@pytest.mark.parametrize("num_rows", [ROWS, ROWS + 1, 2 * ROWS + 3], ids=["one piece", "and one more", "three pieces"])
def test_pieces_learn_what_the_whole_learns(num_rows: int) -> None:
    head, hidden, targets = inputs(num_rows)
    pieces, whole = (learnt(head, hidden, targets, whole=each) for each in (False, True))
    for got, expected in zip(pieces, whole, strict=True):
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=2e-4)


def test_pieces_compute_in_half_precision_where_the_whole_does() -> None:
    head, hidden, targets = inputs(ROWS + 1)
    pieces, whole = (learnt(head, hidden, targets, whole=each, bf16=True) for each in (False, True))
    torch.testing.assert_close(pieces[0], whole[0], rtol=0, atol=0)
    for got, expected in zip(pieces[1:], whole[1:], strict=True):
        torch.testing.assert_close(got, expected, rtol=0.02, atol=0.02)


def test_a_frozen_head_gets_no_gradient() -> None:
    head, hidden, targets = inputs(ROWS + 1)
    head.requires_grad_(False)
    hidden.requires_grad_()
    head(hidden, targets).sum().backward()
    assert head.linear.weight.grad is None
    assert hidden.grad is not None


def test_logits_of_many_positions_never_lie_in_memory_together() -> None:
    head, hidden, targets = inputs(4 * ROWS)
    head.requires_grad_(False)
    hidden.requires_grad_()
    live = LiveBytes()
    for tensor in (hidden, targets, head.linear.weight):
        live.ignore(tensor)
    with live:
        head(hidden, targets).sum().backward()
    assert live.peak < 4 * LOGIT_BYTES


def test_a_caller_may_cut_into_smaller_pieces() -> None:
    head, hidden, targets = inputs(8)
    finer = Head(head.linear, logit_bytes=LOGIT_BYTES // ROWS * 3)
    pieces, whole = (learnt(each, hidden, targets, whole=False) for each in (finer, head))
    for got, expected in zip(pieces, whole, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=2e-4)
    assert "LossesInPieces" in type(finer(hidden.requires_grad_(), targets).grad_fn).__name__
