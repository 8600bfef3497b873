import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from doctorsun.errors import RequestError
from doctorsun.generate.request import Request, Token
from doctorsun.serve.engine import EngineFailure
from doctorsun.serve.scheduler import Scheduler
from serve_fakes import ScriptedEngine

LONG = Request(prompt_ids=(1,), max_tokens=50)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine([7, 8, 9])


@pytest.fixture
def scheduler(engine: ScriptedEngine) -> Iterator[Scheduler]:
    scheduler = Scheduler(engine)
    scheduler.start()
    yield scheduler
    if scheduler.is_ready:
        scheduler.close()


async def collect(tokens: AsyncIterator[Token]) -> list[int]:
    return [token.id async for token in tokens]


def test_every_reader_gets_its_own_tokens(scheduler: Scheduler) -> None:
    async def ask() -> list[list[int]]:
        requests = [Request(prompt_ids=(1,), max_tokens=n) for n in (1, 4, 2)]
        return await asyncio.gather(*(collect(scheduler.answer(request)) for request in requests))

    assert asyncio.run(ask()) == [[7], [7, 8, 9, 7], [7, 8]]


def test_what_does_not_fit_is_refused(scheduler: Scheduler) -> None:
    with pytest.raises(RequestError, match="length of prompt and answer"):
        asyncio.run(collect(scheduler.answer(Request(prompt_ids=(1,), max_tokens=400))))


def test_leaving_early_withdraws_the_request(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    async def leave() -> None:
        async with aclosing(scheduler.answer(LONG)) as tokens:
            await anext(tokens)

    asyncio.run(leave())
    assert engine.idle.wait(30)


def test_a_failure_reaches_its_readers_and_the_next_request_is_answered(
    scheduler: Scheduler, engine: ScriptedEngine
) -> None:
    engine.failure = MemoryError("no memory left")
    with pytest.raises(EngineFailure, match="the engine failed; send the request again"):
        asyncio.run(collect(scheduler.answer(LONG)))
    assert engine.open == {}
    assert scheduler.is_ready
    assert asyncio.run(collect(scheduler.answer(Request(prompt_ids=(1,), max_tokens=2)))) == [7, 8]


def test_closing_tells_those_who_wait(scheduler: Scheduler, engine: ScriptedEngine) -> None:
    engine.going.clear()

    async def close_meanwhile() -> None:
        asking = asyncio.ensure_future(collect(scheduler.answer(LONG)))
        await asyncio.to_thread(engine.submitted.wait, 30)
        await asyncio.to_thread(scheduler.close)
        await asking

    with pytest.raises(EngineFailure, match="the server stops; send the request again later"):
        asyncio.run(close_meanwhile())
    assert not scheduler.is_ready


def test_a_stopped_engine_can_start_again(scheduler: Scheduler) -> None:
    scheduler.close()
    assert not scheduler.is_ready
    scheduler.start()
    assert asyncio.run(collect(scheduler.answer(Request(prompt_ids=(1,), max_tokens=2)))) == [7, 8]


def test_a_stopped_engine_refuses(scheduler: Scheduler) -> None:
    scheduler.close()
    scheduler.close()
    with pytest.raises(EngineFailure, match="the server stops; send the request again later"):
        asyncio.run(collect(scheduler.answer(LONG)))
