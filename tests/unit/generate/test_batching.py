from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from doctorsun.generate.batching import Batcher
from doctorsun.generate.network import RaggedNetwork
from doctorsun.generate.request import Request, Token
from doctorsun.processor.processor import Processor


def finish(batcher: Batcher) -> dict[int, list[Token]]:
    """Step until nothing is left; tokens by ticket."""
    tokens: dict[int, list[Token]] = defaultdict(list)
    while batcher.num_waiting or batcher.num_active:
        for token in batcher.step():
            tokens[token.request].append(token)
    return tokens


def ids(tokens: list[Token]) -> list[int]:
    return [token.id for token in tokens]


@pytest.fixture(scope="module")
def requests(processor: Processor, pictures: list[Any]) -> list[Request]:
    """Prompts of many lengths, with and without images, several about the same image, some drawn."""
    random = np.random.default_rng(2)
    made: list[Request] = []
    for i in range(14):
        words = tuple(int(word) for word in random.integers(5, 250, 1 + 3 * i % 11))
        image = (pictures[i % 3],) if i % 4 else ()
        prompt = (1, 2) + (processor.image_token_id,) * 16 * len(image) + words
        drawn: dict[str, Any] = {"temperature": 0.9, "top_p": 0.95, "seed": i} if i % 5 == 2 else {}
        made.append(Request(prompt_ids=prompt, pixels=image, max_tokens=3 + i % 9, **drawn))
    return made


def alone(network: RaggedNetwork, request: Request) -> list[int]:
    batcher = Batcher(network, max_batch=1)
    ticket = batcher.submit(request)
    return ids(finish(batcher)[ticket])


def test_an_answer_does_not_depend_on_the_others(network: RaggedNetwork, requests: list[Request]) -> None:
    crowd = Batcher(network, max_batch=5)
    tickets = [crowd.submit(request) for request in requests]
    together = finish(crowd)
    for ticket, request in zip(tickets, requests, strict=True):
        assert ids(together[ticket]) == alone(network, request)
    assert len({tuple(ids(tokens)) for tokens in together.values()}) == len(requests)


def test_a_crowd_of_prompts_is_read_in_parts_while_others_go_on(
    network: RaggedNetwork, requests: list[Request]
) -> None:
    batcher = Batcher(network, max_batch=20, max_read=40)
    first = batcher.submit(requests[0])
    batcher.step()
    tickets = [batcher.submit(request) for request in requests[1:5]]
    lengths = [len(request.prompt_ids) for request in requests[1:5]]
    assert max(lengths) <= 40 < sum(lengths[:2])
    tokens = batcher.step()
    assert sorted(token.request for token in tokens) == [first, tickets[0]], "one prompt, and a token for who runs"
    together = finish(batcher)
    for ticket, request in zip(tickets[1:], requests[2:5], strict=True):
        assert ids(together[ticket]) == alone(network, request)


def test_a_prompt_that_is_longer_than_a_step_reads_is_read_alone(
    network: RaggedNetwork, requests: list[Request]
) -> None:
    batcher = Batcher(network, max_batch=20, max_read=1)
    tickets = [batcher.submit(request) for request in requests[:3]]
    assert [token.request for token in batcher.step()] == tickets[:1]
    assert {token.request for token in batcher.step()} >= set(tickets[1:2])


def test_requests_may_join_while_others_run(network: RaggedNetwork, requests: list[Request]) -> None:
    batcher = Batcher(network, max_batch=4)
    tokens: dict[int, list[int]] = defaultdict(list)
    for request in requests:
        batcher.submit(request)
        for token in batcher.step():
            tokens[token.request].append(token.id)
    for ticket, late in finish(batcher).items():
        tokens[ticket] += ids(late)
    assert dict(tokens) == {ticket: alone(network, request) for ticket, request in enumerate(requests)}


def test_cancelling_frees_a_row_and_leaves_the_others_alone(network: RaggedNetwork, requests: list[Request]) -> None:
    long = [request for request in requests if request.max_tokens >= 6]
    batcher = Batcher(network, max_batch=3)
    tickets = [batcher.submit(request) for request in long[:4]]
    started = batcher.step()
    assert {token.request for token in started} == set(tickets[:3])
    batcher.cancel(tickets[0])
    batcher.cancel(12345)
    assert (batcher.num_active, batcher.num_waiting) == (2, 1)
    rest = finish(batcher)
    assert tickets[0] not in rest
    first = {token.request: token.id for token in started}
    for ticket in tickets[1:]:
        begun = [first[ticket]] if ticket in first else []
        assert begun + ids(rest[ticket]) == alone(network, long[ticket])


def test_cancelling_what_waits_forgets_it(network: RaggedNetwork) -> None:
    batcher = Batcher(network, max_batch=1)
    tickets = [batcher.submit(Request(prompt_ids=(5, word), max_tokens=2)) for word in (6, 7)]
    batcher.cancel(tickets[1])
    assert set(finish(batcher)) == {tickets[0]}


def test_a_seed_repeats_and_no_seed_varies(network: RaggedNetwork) -> None:
    def drawn(seed: int | None) -> list[int]:
        return alone(network, Request(prompt_ids=(5, 6), max_tokens=12, temperature=5.0, seed=seed))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)


def test_a_shared_prefix_is_read_once(network: RaggedNetwork, processor: Processor, pictures: list[Any]) -> None:
    prefix = (1, 2) + (processor.image_token_id,) * 16
    num_read: list[int] = []
    hook = network.model.model.language_model.layers[0].mlp.register_forward_pre_hook(
        lambda _module, args: num_read.append(args[0].shape[:-1].numel())
    )
    batcher = Batcher(network, max_batch=8)
    for word in range(5):
        batcher.submit(Request(prompt_ids=(*prefix, 5, word), pixels=(pictures[0],), max_tokens=2))
    batcher.step()
    assert num_read == [20, 4 * 2]
    batcher.submit(Request(prompt_ids=(*prefix, 77), pixels=(pictures[0].copy(),), max_tokens=1))
    batcher.submit(Request(prompt_ids=(*prefix, 77), pixels=(pictures[1],), max_tokens=1))
    batcher.step()
    hook.remove()
    # The other image's prompt is read whole, with the five answers; the sixth question needs its last word alone.
    assert num_read[2:] == [19 + 5, 1]


def test_a_stop_token_ends_the_answer(network: RaggedNetwork) -> None:
    free = Batcher(network, max_batch=1)
    ticket = free.submit(Request(prompt_ids=(9, 8, 7), max_tokens=6))
    unstopped = finish(free)[ticket]
    assert [token.finish for token in unstopped] == [None] * 5 + ["length"]
    third = unstopped[2].id
    ticket = free.submit(Request(prompt_ids=(9, 8, 7), max_tokens=6, stop_ids=(third,)))
    stopped = finish(free)[ticket]
    assert ids(stopped) == ids(unstopped)[: ids(unstopped).index(third) + 1]
    assert stopped[-1].finish == "stop"


def test_the_likeliest_tokens_come_to_those_who_ask(network: RaggedNetwork) -> None:
    batcher = Batcher(network, max_batch=3)
    tickets = [batcher.submit(Request(prompt_ids=(9, 8, 7), max_tokens=3, num_top=num)) for num in (0, 2, 5)]
    found = finish(batcher)
    none, two, five = (found[ticket] for ticket in tickets)
    assert [token.top for token in none] == [()] * 3
    assert [token.top for token in two] == [token.top[:2] for token in five]
    assert [token.top[0] for token in five] == [(token.id, pytest.approx(token.logprob)) for token in five]
    assert all(len({token_id for token_id, _ in token.top}) == 5 for token in five)
