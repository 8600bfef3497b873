import pytest
import torch
from torch import Tensor

from doctorsun.model.attention import Document
from doctorsun.model.varlen import Spans, can_attend

DOCUMENTS = {
    "one branch each": (Document(0, 3, (2,)), Document(5, 0, (4,))),
    "shared prefixes": (Document(0, 2, (1, 3)), Document(6, 0, (4,)), Document(10, 3, (2, 1, 2))),
    "branches without a prefix": (Document(0, 0, (2, 3)), Document(5, 2, (2,))),
}


def seen(spans: Spans, num_tokens: int) -> Tensor:
    """Return which token sees which by the kernel's rule: the causal mask ends where the keys end."""
    mask = torch.zeros(num_tokens, num_tokens, dtype=torch.bool)
    keys = torch.arange(num_tokens) if spans.keys is None else spans.keys
    for index in range(len(spans.query_ends) - 1):
        queries = torch.arange(spans.query_ends[index], spans.query_ends[index + 1])
        own = keys[spans.key_ends[index] : spans.key_ends[index + 1]]
        for place, query in enumerate(queries):
            mask[query, own[: len(own) - len(queries) + place + 1]] = True
    return mask


@pytest.mark.parametrize("documents", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_each_token_sees_what_the_masks_say(documents: tuple[Document, ...]) -> None:
    spans = Spans.of(documents)
    wanted = torch.block_diag(*(document.mask().float() for document in documents)).bool()
    assert torch.equal(seen(spans, len(wanted)), wanted)
    assert spans.max_queries == int(spans.query_ends.diff().max())
    assert spans.max_keys == int(spans.key_ends.diff().max())


def test_keys_are_laid_out_anew_only_where_a_prefix_is_shared() -> None:
    assert Spans.of(DOCUMENTS["one branch each"]).keys is None
    assert Spans.of(DOCUMENTS["shared prefixes"]).keys is not None


def test_a_move_takes_all_tensors_along() -> None:
    moved = Spans.of(DOCUMENTS["shared prefixes"]).to(torch.device("meta"))
    assert moved.keys is not None
    assert {each.device.type for each in (moved.keys, moved.query_ends, moved.key_ends)} == {"meta"}


def test_the_kernel_is_not_asked_off_cuda() -> None:
    assert not can_attend(torch.zeros(1, 2, 3, 4, dtype=torch.bfloat16), None)
