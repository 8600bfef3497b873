"""A head that lies in the files though the settings tie it to the embedding: whether it is the embedding.

transformers before version 5, with which such folders are published, loads the embedding in its place; version 5 takes
the head where both are there and differ (``PreTrainedModel.tie_weights``).
"""

from typing import TYPE_CHECKING

from doctorsun.weights.parts import LanguagePart

if TYPE_CHECKING:
    from torch import Tensor

ROWS_AT_ONCE = 4096
DIFFERS = (
    "lm_head.weight differs from the embedding, which a tied head uses: it is left over; "
    "--text-config with tie_word_embeddings false keeps it"
)


def strange_head(part: LanguagePart) -> tuple[str, ...]:
    """Return that a tied head is another matrix than the embedding; reads both where both are there.

    Raises:
        WeightsError: a file is cut short or damaged.
    """
    if part.tied is None:
        return ()
    head, embedding = (tensor.compute() for tensor in part.tied)
    return () if _are_equal(head, embedding) else (DIFFERS,)


def _are_equal(head: "Tensor", embedding: "Tensor") -> bool:
    """Compare numbers, whatever their types, some rows at a time."""
    import torch

    if head.shape != embedding.shape:
        return False
    pairs = zip(head.split(ROWS_AT_ONCE), embedding.split(ROWS_AT_ONCE), strict=True)
    return all(torch.equal(one.to(torch.float64), other.to(torch.float64)) for one, other in pairs)
