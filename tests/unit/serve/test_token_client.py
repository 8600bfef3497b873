import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from doctorsun.errors import RequestError, WeightsError
from doctorsun.generate.request import Request, Token
from doctorsun.serve.engine import EngineFailure
from doctorsun.serve.token_client import TokenClient
from serve_fakes import EngineThread, ScriptedEngine

T = TypeVar("T")
LONG = Request(prompt_ids=(1,), max_tokens=50)
SHORT = Request(prompt_ids=(1,), max_tokens=2)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine([7, 8, 9])


@pytest.fixture
def thread(engine: ScriptedEngine) -> Iterator[EngineThread]:
    thread = EngineThread(engine)
    thread.start()
    yield thread
    thread.join()


def connected(thread: EngineThread, use: Callable[[TokenClient], Awaitable[T]]) -> T:
    """Connect, use the connection and close it."""

    async def go() -> T:
        client = TokenClient(thread.path)
        await client.connect()
        try:
            return await use(client)
        finally:
            await client.close()

    return asyncio.run(go())


async def collect(tokens: AsyncIterator[Token]) -> list[int]:
    return [token.id async for token in tokens]


def test_every_reader_gets_its_own_tokens(thread: EngineThread) -> None:
    async def ask(client: TokenClient) -> list[list[int]]:
        requests = [Request(prompt_ids=(1,), max_tokens=n) for n in (1, 4, 2)]
        return await asyncio.gather(*(collect(client.answer(request)) for request in requests))

    assert connected(thread, ask) == [[7], [7, 8, 9, 7], [7, 8]]


def test_the_engine_gets_the_request_as_it_was_asked(thread: EngineThread, engine: ScriptedEngine) -> None:
    pixels = np.arange(3 * 700 * 700, dtype=np.uint8).reshape(3, 700, 700)  # more than one look at the socket takes
    request = Request(prompt_ids=(1, 2), pixels=(pixels, pixels), max_tokens=2, seed=3, options=(((4, 5),), ((6,),)))
    engine.option_logprobs = (-1.0, -2.0)

    async def first(client: TokenClient) -> Token:
        return await anext(client.answer(request))

    token = connected(thread, first)
    assert token.option_logprobs == (-1.0, -2.0)
    (asked,) = engine.asked
    assert (asked.prompt_ids, asked.seed, asked.options) == (request.prompt_ids, 3, request.options)
    assert all(np.array_equal(each, pixels) for each in asked.pixels)


def test_what_does_not_fit_is_refused(thread: EngineThread) -> None:
    with pytest.raises(RequestError, match="length of prompt and answer") as refusal:
        connected(thread, lambda client: collect(client.answer(Request(prompt_ids=(1,), max_tokens=400))))
    assert refusal.value.got == "too much"


def test_leaving_early_withdraws_the_request(thread: EngineThread, engine: ScriptedEngine) -> None:
    async def leave(client: TokenClient) -> bool:
        async with aclosing(client.answer(LONG)) as tokens:
            await anext(tokens)
        return await asyncio.to_thread(engine.idle.wait, 30)

    assert connected(thread, leave)


def test_a_failure_reaches_its_readers_and_the_next_request_is_answered(
    thread: EngineThread, engine: ScriptedEngine
) -> None:
    async def ask_twice(client: TokenClient) -> list[int]:
        engine.failure = MemoryError("no memory left")
        with pytest.raises(EngineFailure, match="the engine failed; send the request again"):
            await collect(client.answer(LONG))
        assert engine.open == {}
        assert client.is_ready
        return await collect(client.answer(SHORT))

    assert connected(thread, ask_twice) == [7, 8]


def test_closing_tells_those_who_wait_and_frees_the_engine(thread: EngineThread, engine: ScriptedEngine) -> None:
    engine.going.clear()

    async def close_meanwhile(client: TokenClient) -> None:
        asking = asyncio.ensure_future(collect(client.answer(LONG)))
        await asyncio.to_thread(engine.submitted.wait, 30)
        await client.close()
        assert not client.is_ready
        await asking

    with pytest.raises(EngineFailure, match="the server stops; send the request again later"):
        connected(thread, close_meanwhile)
    assert engine.idle.wait(30)


def test_an_engine_that_goes_is_noticed_and_found_again(engine: ScriptedEngine) -> None:
    async def go() -> list[int]:
        first = EngineThread(engine)
        first.start()
        client = TokenClient(first.path)
        await client.connect()
        assert client.max_length == 400
        engine.step = _gone  # type: ignore[method-assign]
        with pytest.raises(EngineFailure, match="the engine broke off; send the request again"):
            await collect(client.answer(LONG))
        assert not client.is_ready
        with pytest.raises(EngineFailure, match="the engine is not ready"):
            await collect(client.answer(LONG))
        del engine.step
        first.join()
        await client.connect()
        assert not client.is_ready
        first.start()
        await client.connect()
        found = await collect(client.answer(SHORT))
        await client.close()
        first.join()
        return found

    threading.excepthook, before = lambda _arguments: None, threading.excepthook
    try:
        assert asyncio.run(go()) == [7, 8]
    finally:
        threading.excepthook = before


def _gone() -> list[Token]:
    raise SystemExit  # as a process does that is killed: nothing more comes over its connection


def test_an_engine_that_comes_back_with_other_weights_is_refused(thread: EngineThread) -> None:
    async def go() -> None:
        client = TokenClient(thread.path)
        await client.connect()
        assert client.revision == "r"
        await client.close()
        thread.join()
        thread.revision = "other"
        thread.start()
        with pytest.raises(WeightsError, match="weights of the engine: got revision other, expected r; start the"):
            await client.connect()
        assert not client.is_ready

    asyncio.run(go())


def test_an_engine_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    async def go() -> bool:
        client = TokenClient(tmp_path / "none.sock")
        await client.connect()
        with suppress(EngineFailure):
            await collect(client.answer(LONG))
            return True
        await client.close()
        return client.is_ready

    assert asyncio.run(go()) is False
