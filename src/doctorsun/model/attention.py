"""Packed attention: many samples in one sequence, each blind to the others; one image's questions share its tokens.

A sequence holds documents. A document is a prefix (the tokens up to an image's last visual token; empty for text) and
one or more branches (one question and its answer each). A token attends to the earlier tokens of its own branch and to
the document's prefix; positions of every branch go on from the prefix. So each branch computes exactly what it would
compute alone, and an image is read once for all its questions.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
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
        lengths = torch.tensor((self.prefix_length, *self.branch_lengths))
        branch = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        same = branch[:, None] == branch[None, :]
        return (same | (branch == 0)[None, :]).tril()

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
    """

    documents: tuple[Document, ...]
    masks: tuple[Bool[Tensor, "_ _"] | None, ...]
    spans: Spans | None = None

    @classmethod
    def of(cls, documents: tuple[Document, ...]) -> "PackLayout":
        """Compute the masks once, for all layers."""
        return cls(documents, tuple(None if len(d.branch_lengths) == 1 else d.mask() for d in documents))

    def to(self, device: torch.device) -> "PackLayout":
        """Move the masks; lay the documents out for the kernel of CUDA."""
        masks = tuple(None if mask is None else mask.to(device) for mask in self.masks)
        return PackLayout(self.documents, masks, Spans.of(self.documents).to(device) if device.type == "cuda" else None)


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
    grouped = key.shape[1] != query.shape[1]
    lengths = [document.length for document in layout.documents]
    window: int | None = settings.get("sliding_window")
    if layout.spans is not None and can_attend(query, window):
        return varlen_attention(query, key, value, layout.spans, scale=scaling, window=window), None
    masks = layout.masks if window is None else _windowed(layout, window, query.device)
    # split, not slices: its backward is one concatenation instead of a full-size zero tensor per document.
    pieces = zip(*(tensor.split(lengths, dim=2) for tensor in (query, key, value)), masks, strict=True)
    outputs = [
        scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=grouped)
        for q, k, v, mask in pieces
    ]
    return torch.cat(outputs, dim=2).transpose(1, 2), None


def _windowed(layout: PackLayout, window: int, device: torch.device) -> tuple[Tensor | None, ...]:
    """Return the masks of a layer that sees a window (Mistral 0.1, some of Qwen2); shorter documents keep their own."""
    return tuple(
        document.near(window).to(device) if document.length > window else mask
        for document, mask in zip(layout.documents, layout.masks, strict=True)
    )


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
