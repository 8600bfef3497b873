from collections import defaultdict
from collections.abc import Iterator

import pytest

from doctorsun.errors import RequestError
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.request import Request


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


def test_requests_are_drawn_as_rows_become_free(engine: LocalEngine) -> None:
    taken: list[int] = []
    tokens = engine.generate(made(100, taken))
    next(tokens)
    assert len(taken) == engine.max_batch
    assert sum(token.finish is not None for token in tokens) + 1 >= 100
    assert len(taken) == 100


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
