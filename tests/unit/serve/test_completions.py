import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from doctorsun.serve.openai.completions import EventStream, unless_gone


class Client:
    """A client that reads some messages and then none, and is said to go when ``gone`` is set."""

    def __init__(self, num_read: int = 10**9) -> None:
        self.num_left = num_read
        self.gone = asyncio.Event()
        self.closed = False

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, _message: Any) -> None:
        self.num_left -= 1
        if self.num_left < 0:
            await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True


async def stream_to(client: Client, patience_s: float) -> None:
    async def endless() -> AsyncGenerator[str]:
        while True:
            yield "data: {}\n\n"
            await asyncio.sleep(0)

    closing = AsyncExitStack()
    closing.push_async_callback(client.close)
    stream = EventStream(endless(), closing=closing, patience_s=patience_s)
    await stream({"type": "http", "asgi": {"spec_version": "2.3"}}, client.receive, client.send)


def test_a_client_that_reads_nothing_is_given_up() -> None:
    async def read_some() -> bool:
        client = Client(num_read=5)
        await stream_to(client, 0.01)
        return client.closed

    assert asyncio.run(read_some())


def test_a_client_that_goes_ends_the_stream() -> None:
    async def go() -> bool:
        client = Client()
        streaming = asyncio.ensure_future(stream_to(client, 60))
        await asyncio.sleep(0)
        client.gone.set()
        await streaming
        return client.closed

    assert asyncio.run(go())


def test_work_ends_when_the_client_goes() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def go() -> None:
        client = Client()
        waiting = asyncio.ensure_future(unless_gone(work(), client.receive))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        client.gone.set()
        await waiting

    with pytest.raises(ClientDisconnect):
        asyncio.run(go())
    assert ended == ["cancelled"]


def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        asyncio.run(unless_gone(work(), Client().receive))
