"""Packed attention on CUDA: all documents of a sequence in one call of PyTorch's variable-length flash attention.

A prefix, and each branch, is a sequence of queries. The keys of a branch are those of its prefix and its own, laid side
by side once per layer. Flash attention aligns its causal mask with the end of the keys, so that each token of a branch
sees all of the prefix and the branch up to itself: exactly what ``Document.mask`` says, without a mask.

Source: Dao 2023, arXiv 2307.08691; torch.nn.attention.varlen.varlen_attn (2.10: ``is_causal``; 2.12: ``window_size``).
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

if TYPE_CHECKING:
    from doctorsun.model.attention import Document


@dataclass(frozen=True, slots=True)
class Spans:
    """The sequences of queries and keys of a packed sequence.

    Attributes:
        query_ends: where each sequence of queries begins, and the last one ends.
        key_ends: the same of keys.
        keys: which token each key is; None where keys stand as the tokens do.
    """

    query_ends: Int[Tensor, " sequences_and_one"]
    key_ends: Int[Tensor, " sequences_and_one"]
    keys: Int[Tensor, " keys"] | None
    max_queries: int
    max_keys: int

    @classmethod
    def of(cls, documents: "Sequence[Document]") -> "Spans":
        """Lay out the sequences of some documents."""
        queries: list[int] = []
        keys: list[list[range]] = []
        for document in documents:
            shared = len(document.branch_lengths) > 1
            prefix = range(document.start, document.start + document.prefix_length)
            if shared and prefix:
                queries.append(len(prefix))
                keys.append([prefix])
            place = prefix.stop if shared else document.start
            lengths = document.branch_lengths if shared else (document.length,)
            for length in lengths:
                queries.append(length)
                keys.append([prefix, range(place, place + length)] if shared else [range(place, place + length)])
                place += length
        lengths = [sum(map(len, parts)) for parts in keys]
        is_plain = lengths == queries
        index = None if is_plain else torch.tensor([token for parts in keys for part in parts for token in part])
        return cls(_ends(queries), _ends(lengths), index, max(queries), max(lengths))

    def to(self, device: torch.device) -> "Spans":
        """Move everything to a device."""
        keys = None if self.keys is None else self.keys.to(device)
        ends = self.query_ends.to(device), self.key_ends.to(device)
        return Spans(*ends, keys, self.max_queries, self.max_keys)


def _ends(lengths: Sequence[int]) -> Int[Tensor, " sequences_and_one"]:
    return torch.tensor([0, *accumulate(lengths)], dtype=torch.int32)


def varlen_attention(
    query: Float[Tensor, "1 heads seq dim"],
    key: Float[Tensor, "1 kv_heads seq dim"],
    value: Float[Tensor, "1 kv_heads seq dim"],
    spans: Spans,
    *,
    scale: float | None,
    window: int | None,
) -> Float[Tensor, "1 seq heads dim"]:
    """Attend within each document; ``window`` counts the positions that a token sees, itself included."""
    query, key, value = (each[0].transpose(0, 1) for each in (query, key, value))
    if spans.keys is not None:
        key, value = key[spans.keys], value[spans.keys]
    places = (spans.query_ends, spans.key_ends, spans.max_queries, spans.max_keys)
    attend, names = _kernel()
    reach = -1 if window is None else window - 1
    settings: dict[str, Any] = {"window_size": (reach, 0)} if "window_size" in names else {"is_causal": True}
    if query.shape[1] != key.shape[1]:
        if "enable_gqa" in names:
            settings["enable_gqa"] = True
        else:
            times = query.shape[1] // key.shape[1]
            key, value = (each.repeat_interleave(times, 1) for each in (key, value))
    if scale is not None:
        if "scale" in names:
            settings["scale"] = scale
        else:  # the kernel divides by the root of the head size itself
            query = query * (scale * query.shape[-1] ** 0.5)
    return attend(query, key, value, *places, **settings)[None]


def can_attend(query: Tensor, window: int | None) -> bool:
    """Tell whether PyTorch's kernel computes this: half precision on CUDA; windows from PyTorch 2.12 on."""
    is_half = query.dtype in (torch.bfloat16, torch.float16)
    return query.is_cuda and is_half and (window is None or "window_size" in _kernel()[1])


@cache
def _kernel() -> tuple[Callable[..., Any], frozenset[str]]:
    """Return PyTorch's function and the names of its arguments."""
    from torch.nn.attention.varlen import varlen_attn

    return varlen_attn, frozenset(inspect.signature(varlen_attn).parameters)
