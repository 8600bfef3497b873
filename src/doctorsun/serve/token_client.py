"""TokenClient: the gateway's end of its engine process; one stream of tokens for each request."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from itertools import count
from pathlib import Path

from doctorsun.errors import DoctorSunError, WeightsError
from doctorsun.generate.request import Request, Token
from doctorsun.serve.engine import EngineFailure
from doctorsun.serve.token_frames import Asked, Hello, Withdrawn, frame, next_value


class TokenClient:
    """Asks the engine that listens at a Unix socket. Used from one event loop.

    Args:
        path: of the socket.

    Attributes:
        revision: of the engine's weights; empty before the first connection, and the same in all later ones.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = count()
        self._answers: dict[int, asyncio.Queue[Token | DoctorSunError]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._max_length = 0
        self.revision = ""

    async def connect(self) -> None:
        """Connect to the engine, if it listens; a connection that holds is left alone.

        Raises:
            WeightsError: the engine could not load its weights, or has others than before.
        """
        if self.is_ready:
            return
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_unix_connection(self._path)
            hello: Hello | DoctorSunError = await next_value(reader)
            try:
                self._take(hello)
            except DoctorSunError:
                writer.close()
                raise
            self._writer = writer
            self._reading = asyncio.create_task(self._read(reader, writer))

    def _take(self, hello: Hello | DoctorSunError) -> None:
        if isinstance(hello, DoctorSunError):
            raise hello
        if self.revision not in {"", hello.revision}:
            do = "start the server again to serve them, or put the others back"
            raise WeightsError("weights of the engine", got=f"revision {hello.revision}", expected=self.revision, do=do)
        self._max_length, self.revision = hello.max_length, hello.revision

    async def close(self) -> None:
        """Let go of the engine; answers that still run end with an `EngineFailure`."""
        self._drop(EngineFailure("the server stops", do="send the request again later"))
        if self._reading:
            await asyncio.wait({self._reading})

    def mark_down(self) -> None:
        """Take the engine as gone, before the connection tells; answers that still run end with an `EngineFailure`."""
        self._drop(EngineFailure("the engine broke off", do="send the request again"))

    @property
    def is_ready(self) -> bool:
        """Whether the engine is there."""
        return self._writer is not None

    @property
    def max_length(self) -> int:
        """The most tokens of prompt and answer together; 0 before the first connection."""
        return self._max_length

    async def answer(self, request: Request) -> AsyncGenerator[Token]:
        """Yield the tokens of one request; leaving early withdraws it from the engine.

        Raises:
            RequestError: it does not fit the model.
            EngineFailure: the engine is not there, or broke.
        """
        writer = self._writer
        if writer is None:
            raise EngineFailure("the engine is not ready", do="send the request again later")
        number, events = next(self._numbers), asyncio.Queue[Token | DoctorSunError]()
        self._answers[number] = events
        writer.write(frame(Asked(number, request)))
        is_whole = False
        try:
            while not is_whole:
                event = await events.get()
                is_whole = isinstance(event, DoctorSunError) or event.finish is not None
                if isinstance(event, DoctorSunError):
                    raise event
                yield event
        finally:
            del self._answers[number]
            if not is_whole and writer is self._writer:
                writer.write(frame(Withdrawn(number)))

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand out what the engine sends until it is gone."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                for number, event in await next_value(reader):
                    if number in self._answers:
                        self._answers[number].put_nowait(event)
        if writer is self._writer:
            self.mark_down()

    def _drop(self, reason: EngineFailure) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None
        for events in self._answers.values():
            events.put_nowait(reason)
