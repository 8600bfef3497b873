"""Packed attention: many samples in one sequence, each blind to the others; one image's questions share its tokens.

A sequence holds documents. A document is a prefix (the tokens up to an image's last visual token; empty for text) and
one or more branches (one question and its answer each). A token attends to the earlier tokens of its own branch and to
the document's prefix; positions of every branch go on from the prefix. So each branch computes exactly what it would
compute alone, and an image is read once for all its questions.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from doctorsun.model.varlen import Spans, can_attend, varlen_attention

PACKED_ATTENTION = "doctorsun_packed"


@dataclass(frozen=True, slots=True)
class Document:
    """Where a document lies in the packed sequence: its prefix, then its branches."""

    start: int
    prefix_length: int
    branch_lengths: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens of the whole document."""
        return self.prefix_length + sum(self.branch_lengths)

    def positions(self) -> Tensor:
        """Return the position of each token: branches all start where the prefix ends."""
        parts = [torch.arange(self.prefix_length)]
        parts += [torch.arange(self.prefix_length, self.prefix_length + length) for length in self.branch_lengths]
        return torch.cat(parts)

    def mask(self) -> Bool[Tensor, "length length"]:
        """Return which token (row) sees which (column)."""
        return self.seen_by(torch.arange(self.length))

    def seen_by(self, rows: Int[Tensor, " rows"]) -> Bool[Tensor, "rows length"]:
        """Return which tokens some of them see."""
        lengths = torch.tensor((self.prefix_length, *self.branch_lengths))
        branch = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        same = branch[rows, None] == branch
        return (same | (branch == 0)) & (torch.arange(self.length) <= rows[:, None])

    def near(self, window: int) -> Bool[Tensor, "length length"]:
        """Return which token (row) sees which (column) where each sees no further back than so many positions."""
        positions = self.positions()
        return self.mask() & (positions[:, None] - positions[None, :] < window)


@dataclass(frozen=True, slots=True)
class PackLayout:
    """The documents of one packed sequence.

    Attributes:
        masks: one a document; None where plain causal attention is exact.
        spans: the documents as CUDA's kernel takes them; None elsewhere.
        target_masks: what the supervised positions of each document see; None where that is not known.
    """

    documents: tuple[Document, ...]
    masks: tuple[Bool[Tensor, "_ _"] | None, ...]
    spans: Spans | None = None
    target_masks: tuple[Bool[Tensor, "_ _"], ...] | None = None

    @classmethod
    def of(cls, documents: tuple[Document, ...], targets: Sequence[Int[Tensor, " _"]] | None = None) -> "PackLayout":
        """Compute the masks once, for all layers.

        Args:
            documents: of the sequence.
            targets: the supervised positions of each document, counted from its start and rising.
        """
        masks = tuple(None if len(d.branch_lengths) == 1 else d.mask() for d in documents)
        if targets is None:
            return cls(documents, masks)
        seen = tuple(document.seen_by(rows) for document, rows in zip(documents, targets, strict=True))
        return cls(documents, masks, target_masks=seen)

    def to(self, device: torch.device) -> "PackLayout":
        """Move the masks; lay the documents out for the kernel of CUDA, which computes all positions."""
        masks = tuple(None if mask is None else mask.to(device) for mask in self.masks)
        if device.type == "cuda":
            return PackLayout(self.documents, masks, Spans.of(self.documents).to(device))
        return replace(self, masks=masks)


def packed_attention(
    module: nn.Module,
    query: Float[Tensor, "1 heads seq dim"],
    key: Float[Tensor, "1 kv_heads seq dim"],
    value: Float[Tensor, "1 kv_heads seq dim"],
    attention_mask: Tensor | None,
    *,
    layout: PackLayout,
    scaling: float | None = None,
    **settings: Any,
) -> tuple[Float[Tensor, "1 seq heads dim"], None]:
    """Attend within each document, in the signature of transformers' AttentionInterface.

    Of the ``settings`` of a layer its ``sliding_window`` is heeded.
    """
    del module, attention_mask
    lengths = [document.length for document in layout.documents]
    window: int | None = settings.get("sliding_window")
    if layout.spans is not None and can_attend(query, window):
        return varlen_attention(query, key, value, layout.spans, scale=scaling, window=window), None
    masks = layout.masks if window is None else _windowed(layout, window, query.device)
    attended = _piece_by_piece((query, key, value), (lengths, lengths, lengths), masks, scaling)
    return attended.transpose(1, 2), None


def target_attention(
    query: Float[Tensor, "1 heads targets dim"],
    key: Float[Tensor, "1 kv_heads seq dim"],
    value: Float[Tensor, "1 kv_heads seq dim"],
    target_masks: Sequence[Bool[Tensor, "_ _"]],
    *,
    scaling: float,
) -> Float[Tensor, "1 targets heads dim"]:
    """Attend from the supervised positions alone; ``query`` holds theirs, in order."""
    targets, lengths = [len(mask) for mask in target_masks], [mask.shape[1] for mask in target_masks]
    return _piece_by_piece((query, key, value), (targets, lengths, lengths), target_masks, scaling).transpose(1, 2)


def _piece_by_piece(
    tensors: tuple[Tensor, Tensor, Tensor],
    lengths: tuple[Sequence[int], Sequence[int], Sequence[int]],
    masks: Sequence[Bool[Tensor, "_ _"] | None],
    scaling: float | None,
) -> Float[Tensor, "1 heads queries dim"]:
    """Attend document by document, causally where there is no mask.

    On a processor bfloat16 is widened: PyTorch's kernel hands the small products of its backward pass to a library
    whose every call costs more than the product.
    """
    (query, key, _), wanted, device = tensors, tensors[0].dtype, tensors[0].device.type
    grouped = key.shape[1] != query.shape[1]
    is_narrow = device == "cpu" and wanted == torch.bfloat16
    with torch.autocast(device, enabled=False) if is_narrow else nullcontext():
        wide = [tensor.float() if is_narrow else tensor for tensor in tensors]
        # split, not slices: its backward is one concatenation instead of a full-size zero tensor per document.
        parts = [tensor.split(list(each), dim=2) for tensor, each in zip(wide, lengths, strict=True)]
        outputs = [
            scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None, scale=scaling, enable_gqa=grouped)
            for q, k, v, mask in zip(*parts, masks, strict=True)
            if q.shape[2]
        ]
        return torch.cat(outputs, dim=2).to(wanted)


def _windowed(layout: PackLayout, window: int, device: torch.device) -> tuple[Tensor | None, ...]:
    """Return the masks of a layer that sees a window (Mistral 0.1, some of Qwen2); shorter documents keep their own."""
    return tuple(
        document.near(window).to(device) if document.length > window else mask
        for document, mask in zip(layout.documents, layout.masks, strict=True)
    )


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
