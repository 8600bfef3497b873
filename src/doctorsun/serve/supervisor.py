"""SupervisedChat: an engine in a child process, started again whenever it ends or falls silent."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, Protocol

from doctorsun.errors import DoctorSunError
from doctorsun.serve.engine import ChatEngine, EngineFailure, Piece, Question
from doctorsun.serve.engine_process import EngineProcess

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows

Change = Literal["engine_down", "engine_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a supervisor waits, in seconds.

    Attributes:
        look_s: between two looks at the child.
        silence_s: a child that was ready and is not well for so long is killed.
        first_pause_s: before a child is started again; doubles with each that did not get ready.
        longest_pause_s: however often that happens.
        stop_s: for a child to end when asked to.
    """

    look_s: float = 1.0
    silence_s: float = 60.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    stop_s: float = 30.0


class ChildChat(ChatEngine, Protocol):
    """Asks a child process, and sees by itself when it comes and goes."""

    async def look(self) -> None:
        """Find out whether the child answers.

        Raises:
            WeightsError: it says that its weights cannot be loaded.
        """
        ...

    def mark_down(self) -> None:
        """Take the child as gone until it is seen again."""
        ...


class SupervisedChat:
    """Answers come from a child process; while there is none that is ready, questions fail and can be asked again.

    Args:
        process: the child.
        chat: asks it.
        tell: is called when the engine went and when it is back.
        patience: how long to wait for what.
    """

    def __init__(
        self,
        process: EngineProcess,
        chat: ChildChat,
        *,
        tell: Callable[[Change], None] = lambda _change: None,
        patience: Patience | None = None,
    ) -> None:
        self._process = process
        self._chat = chat
        self._tell = tell
        self._patience = patience or Patience()
        self._watching: asyncio.Task[None] | None = None
        self._is_up = True
        self.num_restarts = 0

    async def launch(self) -> None:
        """Start the child for the first time and wait until it is ready, however long that takes.

        Raises:
            EngineFailure: it ended before it was ready.
            WeightsError: it says that its weights cannot be loaded.
        """
        self._process.begin_log()
        self._process.start()
        await self._chat.start()
        try:
            if not await self._is_ready_before(ended := asyncio.ensure_future(self._process.ended())):
                raise EngineFailure(
                    f"engine {self._process.command.words[0]}",
                    got=f"its end with status {ended.result()} before it was ready",
                    expected="a server that answers",
                    do=f"read {self._process.command.log}",
                )
        finally:
            await self._chat.close()

    async def start(self) -> None:
        """Watch over the child that ``launch`` started."""
        await self._chat.start()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop the child; answers that still run end with an `EngineFailure`."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        await self._chat.close()
        await self._process.stop(self._patience.stop_s)

    @property
    def is_ready(self) -> bool:
        """Whether a question would be answered now."""
        return self._is_up and self._chat.is_ready

    @property
    def num_running(self) -> int:
        """Answers that are being written."""
        return self._chat.num_running

    @property
    def num_waiting(self) -> int:
        """Questions whose answer was not begun."""
        return self._chat.num_waiting

    @property
    def max_length(self) -> int:
        """The most tokens of question and answer together."""
        return self._chat.max_length

    async def answer(self, question: Question) -> AsyncGenerator[Piece]:
        """Yield the answer piece by piece; closing the generator withdraws the question.

        Raises:
            RequestError: the engine refuses the question, or a setting is out of range.
            EngineFailure: the child is not ready, or broke off.
        """
        if not self._is_up:  # the child may answer a moment before its return is told
            raise EngineFailure("the engine is not ready", do="send the request again later")
        async with aclosing(self._chat.answer(question)) as pieces:
            async for piece in pieces:
                yield piece

    async def _watch(self) -> None:
        ended = asyncio.ensure_future(self._process.ended())
        while True:
            await self._until_gone(ended)
            self._is_up = False
            self._chat.mark_down()
            self._tell("engine_down")
            ended = await self._restarted(await ended)
            logger.warning("The engine answers again")
            self._tell("engine_up")
            self._is_up = True

    async def _restarted(self, status: int) -> asyncio.Future[int]:
        """Start the child again until it gets ready, and return what will be its end."""
        pause_s = self._patience.first_pause_s
        told = f" with status {status}"
        while True:
            self._process.kill()  # what it started may have outlived it
            logger.error("The engine ended%s; it starts again in %g s", told, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._patience.longest_pause_s)
            self.num_restarts += 1
            try:
                self._process.start()
                ended = asyncio.ensure_future(self._process.ended())
                if await self._is_ready_before(ended):
                    return ended
                told = f" with status {ended.result()}"
            except (OSError, DoctorSunError) as error:  # no memory or no disk just now, or other weights
                told = f", it cannot be started: {error}"

    async def _is_ready_before(self, ended: asyncio.Future[int]) -> bool:
        """Wait until the child is ready, or has ended without getting there."""
        while not ended.done():
            await self._chat.look()
            if self._chat.is_ready:
                return True
            await asyncio.wait({ended}, timeout=self._patience.look_s)
        return False

    async def _until_gone(self, ended: asyncio.Future[int]) -> None:
        """Wait until the child has ended; one that hangs is killed."""
        clock = asyncio.get_running_loop().time
        last_well_s = clock()
        while not ended.done():
            if self._chat.is_ready:
                last_well_s = clock()
            elif clock() - last_well_s > self._patience.silence_s:
                self._process.kill()
            await asyncio.wait({ended}, timeout=self._patience.look_s)
