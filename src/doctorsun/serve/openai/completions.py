"""One chat completion: the engine's tokens as a whole answer or as a stream of events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from doctorsun.errors import DoctorSunError
from doctorsun.generate.request import Finish, Token
from doctorsun.generate.text_stream import TextStream
from doctorsun.serve.openai.reply import Reply, error_value, event

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some text of an answer and the tokens so far; ``finish`` tells that it is the last."""

    text: str
    num_tokens: int
    finish: Finish | None = None


async def pieces(tokens: AsyncGenerator[Token], text: TextStream) -> AsyncGenerator[Piece]:
    """Turn tokens into text, ending early at a stop text; the last piece alone has ``finish``."""
    num_tokens = 0
    async with aclosing(tokens):
        async for token in tokens:
            num_tokens += token.finish != "stop"
            shown = "" if token.finish == "stop" else text.push(token.id)
            if text.stopped:
                yield Piece(text=shown, num_tokens=num_tokens, finish="stop")
                return
            if token.finish:
                shown += text.flush()
                finish = "stop" if text.stopped else token.finish
                yield Piece(text=shown, num_tokens=num_tokens, finish=finish)
            elif shown:
                yield Piece(text=shown, num_tokens=num_tokens)


async def whole(first: Piece, rest: AsyncIterator[Piece], reply: Reply) -> dict[str, Any]:
    """Wait for the rest and return the answer in one."""
    answer = [first] + [piece async for piece in rest]
    return reply.whole("".join(piece.text for piece in answer), answer[-1].finish or "stop", answer[-1].num_tokens)


async def events(first: Piece, rest: AsyncIterator[Piece], reply: Reply, *, include_usage: bool) -> AsyncGenerator[str]:
    """Yield the answer as server-sent events; a failure on the way becomes an event too."""
    try:
        piece = first
        yield reply.piece(piece.text)
        while piece.finish is None:
            piece = await anext(rest)
            if piece.text:
                yield reply.piece(piece.text)
        yield reply.end(piece.finish)
        if include_usage:
            yield reply.usage(piece.num_tokens)
        yield "data: [DONE]\n\n"
    except DoctorSunError as error:
        yield event(error_value(error))


class EventStream(StreamingResponse):
    """A stream that lets go of its place and its request however it ends.

    Args:
        content: the events.
        closing: what to do at the end.
    """

    def __init__(self, content: AsyncIterator[str], *, closing: AsyncExitStack) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        async with self._closing:
            await super().__call__(scope, receive, send)


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
