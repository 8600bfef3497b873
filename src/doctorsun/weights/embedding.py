"""Rows of the embedding and the head for tokens that a language model did not have."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.tensors.tensor_files import TensorHeader

ROW_MULTIPLE = 64
"""Rows that are a multiple of it keep the matrix products of the head aligned on every device."""

WITH_ROWS = ("model.embed_tokens.weight", "lm_head.weight")
CHUNK = 4096  # rows summed at once


def with_rows(part: LanguagePart, num_ids: int) -> LanguagePart:
    """Return a language model whose embedding has a row for every id.

    Spare rows that it has already are used as they are (Qwen2 has hundreds). Where they do not suffice, the embedding,
    and the head unless it is tied, grow to a multiple of 64 rows; each new one is the mean of all old ones, so that
    new tokens begin where no token is likelier than the average (https://nlp.stanford.edu/~johnhew/vocab-expansion.html).

    Args:
        part: the language model.
        num_ids: the highest id of the tokenizer and one.
    """
    num_rows = part.tensors[WITH_ROWS[0]].header.shape[0]
    if num_rows >= num_ids:
        return part
    wanted = -(-num_ids // ROW_MULTIPLE) * ROW_MULTIPLE
    grown = {name: _grown(part.tensors[name], wanted) for name in WITH_ROWS if name in part.tensors}
    return replace(part, tensors={**part.tensors, **grown}, config={**part.config, "vocab_size": wanted})


def _grown(tensor: LazyTensor, num_rows: int) -> LazyTensor:
    header = tensor.header
    return tensor.map(_filling(num_rows), TensorHeader(header.dtype, (num_rows, *header.shape[1:])))


def _filling(num_rows: int) -> Callable[[Tensor], Tensor]:
    def fill(old: Tensor) -> Tensor:
        """Fill up ``[rows, hidden]``; summed in float64 by chunks, which a few threads more or fewer do not change."""
        total = torch.zeros(old.shape[1], dtype=torch.float64)
        for chunk in old.split(CHUNK):
            total += chunk.to(torch.float64).sum(0)
        grown = old.new_empty(num_rows, old.shape[1])
        grown[: len(old)] = old
        grown[len(old) :] = (total / len(old)).to(old.dtype)
        return grown

    return fill
