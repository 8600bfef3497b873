"""One chat completion: the engine's pieces as a whole answer or as a stream of events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from doctorsun.errors import DoctorSunError
from doctorsun.serve.engine import Piece
from doctorsun.serve.openai.reply import Reply, error_value, event

T = TypeVar("T")


async def whole(first: Piece, rest: AsyncIterator[Piece], reply: Reply) -> dict[str, Any]:
    """Wait for the rest and return the answer in one."""
    return reply.whole([first] + [piece async for piece in rest])


async def events(first: Piece, rest: AsyncIterator[Piece], reply: Reply, *, include_usage: bool) -> AsyncGenerator[str]:
    """Yield the answer as server-sent events, those of its end in one; a failure on the way becomes an event too."""
    try:
        piece, text = first, first.text
        begun = reply.piece(piece)
        while piece.finish is None:
            if begun:
                yield begun
            piece = await anext(rest)
            text += piece.text
            begun = reply.piece(piece) if piece.text or piece.logprobs else ""
        usage = reply.usage(piece) if include_usage else ""
        yield f"{begun}{reply.end(text, piece.finish)}{usage}data: [DONE]\n\n"
    except DoctorSunError as error:
        yield event(error_value(error))


class EventStream(StreamingResponse):
    """A stream that lets go of its place and its request however it ends.

    Args:
        content: the events.
        closing: what to do at the end.
        patience_s: how long a client may read nothing; then the stream is cut.
    """

    def __init__(self, content: AsyncIterator[str], *, closing: AsyncExitStack, patience_s: float) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._closing = closing
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._patience_s):
                await send(message)

        async with self._closing:
            with suppress(TimeoutError, ClientDisconnect):
                await super().__call__(scope, receive, send_in_time)


async def unless_gone(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """Wait for ``work``, but no longer than the client does.

    Args:
        work: is cancelled when the client goes.
        receive: of a request whose body was read, so that only its end is left to come.

    Raises:
        ClientDisconnect: the client went first.
    """
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.wait({working, watching})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
