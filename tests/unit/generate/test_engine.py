from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.request import Request
from doctorsun.processor.processor import Processor


def made(num_requests: int, taken: list[int]) -> Iterator[Request]:
    for i in range(num_requests):
        taken.append(i)
        yield Request(prompt_ids=(5, 6 + i), max_tokens=1 + i % 4)


def test_tokens_name_their_request(engine: LocalEngine) -> None:
    requests = list(made(17, []))
    together: dict[int, list[int]] = defaultdict(list)
    for token in engine.generate(requests):
        together[token.request].append(token.id)
    assert {index: len(ids) for index, ids in together.items()} == {i: 1 + i % 4 for i in range(17)}
    assert [token.id for token in engine.generate([requests[11]])] == together[11]


def test_requests_are_drawn_by_half_batches_as_rows_become_free(
    model: LlavaForConditionalGeneration, processor: Processor
) -> None:
    images = processor.images
    engine = LocalEngine(model, image_mean=images.mean, image_std=images.std, max_batch=8)
    taken: list[int] = []
    num_taken = [len(taken) for _ in engine.generate(made(40, taken))]
    steps = sorted(set(num_taken))
    assert steps[:2] == [4, 8]
    assert steps[-1] == 40
    assert all(2 <= later - earlier <= 4 for earlier, later in pairwise(steps))


def test_no_requests_give_no_tokens(engine: LocalEngine) -> None:
    assert list(engine.generate([])) == []


def test_stepping_answers_like_generate(engine: LocalEngine) -> None:
    request = Request(prompt_ids=(5, 6, 7), max_tokens=4)
    ticket, dropped = engine.submit(request), engine.submit(request)
    engine.cancel(dropped)
    stepped = [token for _ in range(4) for token in engine.step()]
    assert {token.request for token in stepped} == {ticket}
    assert [(token.id, token.logprob) for token in stepped] == [(t.id, t.logprob) for t in engine.generate([request])]
    assert engine.step() == []


def test_what_does_not_fit_is_refused_at_once(engine: LocalEngine) -> None:
    assert engine.max_length == 2048
    with pytest.raises(RequestError, match="length of prompt and answer"):
        engine.submit(Request(prompt_ids=(5,), max_tokens=engine.max_length))
