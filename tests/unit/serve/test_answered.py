import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from doctorsun.schema import Message, image_part, text_part
from doctorsun.serve.answered import Answered, Watch
from doctorsun.serve.engine import EngineFailure, Piece, Question

ASKED = Question(messages=(Message(role="user", content=(image_part(), text_part("?"))),), images=(b"picture",))
LAST = Piece(text="b", num_tokens=5, num_prompt_tokens=7, finish="length")


async def answering(*, breaks: bool = False) -> AsyncGenerator[Piece]:
    yield Piece(text="a", num_tokens=1, num_prompt_tokens=7)
    if breaks:
        raise EngineFailure("the engine failed")
    yield LAST


def watched(num_read: int = 9) -> Answered:
    """Read so many pieces of an answer and return what is remembered of it."""
    told: list[Answered] = []
    watch = Watch("req-1", "ward", told.append)

    async def read() -> None:
        async with aclosing(watch.over(answering())) as pieces:
            for _ in range(num_read):
                if await anext(pieces, None) is None:
                    return

    asyncio.run(read())
    watch.end(ASKED)
    (answered,) = told
    return answered


def test_an_answer_is_remembered_without_its_words() -> None:
    found = watched()
    assert (found.request_id, found.client, found.outcome) == ("req-1", "ward", "length")
    assert (found.num_prompt_tokens, found.num_tokens) == (7, 5)
    assert found.images == (hashlib.sha256(b"picture").hexdigest(),)
    assert found.first_s is not None
    assert found.first_s > 0
    assert found.rest_s > 0


@pytest.mark.parametrize(("num_read", "num_tokens"), [(0, 0), (1, 1)])
def test_a_client_that_went_is_remembered(num_read: int, num_tokens: int) -> None:
    found = watched(num_read=num_read)
    assert (found.outcome, found.num_tokens, found.rest_s) == ("gone", num_tokens, 0)
    assert (found.first_s is None) == (num_read == 0)


def test_a_failure_is_remembered() -> None:
    told: list[Answered] = []
    watch = Watch("req-1", "ward", told.append)

    async def read() -> None:
        async for _ in watch.over(answering(breaks=True)):
            pass

    with pytest.raises(EngineFailure):
        asyncio.run(read())
    watch.end(ASKED)
    assert [(each.outcome, each.num_tokens) for each in told] == [("failed", 1)]
