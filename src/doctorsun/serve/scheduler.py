"""The thread that steps the engine, and the async streams that it fills."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

from doctorsun.errors import DoctorSunError, RequestError
from doctorsun.generate.engine import Engine
from doctorsun.generate.request import Request, Token
from doctorsun.serve.engine import EngineFailure

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Outlet:
    """Where the tokens of one request go: from the engine's thread to the event loop of its reader."""

    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    events: asyncio.Queue[Token | DoctorSunError] = field(default_factory=asyncio.Queue[Token | DoctorSunError])


def _deliver(events: Sequence[tuple[_Outlet, Token | DoctorSunError]]) -> None:
    """Hand over what came; each event loop is woken once, since that costs more than a token does."""
    for loop in {outlet.loop for outlet, _ in events}:
        own = [(outlet.events, event) for outlet, event in events if outlet.loop is loop]
        # A loop that was closed has no reader left; the withdrawal is already in the inbox.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_put, own)


def _put(events: Sequence[tuple[asyncio.Queue[Token | DoctorSunError], Token | DoctorSunError]]) -> None:
    for queue, event in events:
        queue.put_nowait(event)


class Scheduler:
    """Owns the engine: one thread alone touches it, and obeys what the event loop puts into its inbox.

    Args:
        engine: what answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._outlets: dict[int, _Outlet] = {}
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the engine's thread, anew after a stop."""
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the engine's thread, if it runs; requests that still run get an error."""
        self._inbox.put(self._stop)
        if self._thread:
            self._thread.join()
        self._obey()  # what came too late

    @property
    def is_ready(self) -> bool:
        """Whether requests would be answered."""
        return self._thread is not None and self._thread.is_alive() and not self._stopping

    async def answer(self, request: Request) -> AsyncGenerator[Token]:
        """Yield the tokens of one request; leaving early withdraws it from the engine.

        Raises:
            RequestError: it does not fit the model.
            EngineFailure: the engine broke.
        """
        if not self.is_ready:
            raise _stops()
        outlet = _Outlet()
        self._inbox.put(partial(self._submit, request, outlet))
        try:
            while True:
                event = await outlet.events.get()
                if isinstance(event, DoctorSunError):
                    raise event
                yield event
                if event.finish:
                    return
        finally:
            self._inbox.put(partial(self._withdraw, outlet))

    def _work(self) -> None:
        while not self._stopping:
            self._obey()
            if self._outlets:
                self._step()

    def _obey(self) -> None:
        """Do all that the inbox holds; with no answer running, wait for it to hold something."""
        try:
            while True:
                self._inbox.get(block=not self._outlets and not self._stopping)()
        except Empty:
            return

    def _submit(self, request: Request, outlet: _Outlet) -> None:
        if self._stopping:
            _deliver([(outlet, _stops())])
            return
        try:
            self._outlets[self._engine.submit(request)] = outlet
        except RequestError as error:
            _deliver([(outlet, error)])
        except Exception:
            logger.exception("the engine could not take a request")
            _deliver([(outlet, EngineFailure("the engine failed", do="send the request again"))])

    def _withdraw(self, outlet: _Outlet) -> None:
        for ticket in [ticket for ticket, other in self._outlets.items() if other is outlet]:
            del self._outlets[ticket]
            self._engine.cancel(ticket)

    def _step(self) -> None:
        try:
            tokens = self._engine.step()
        except Exception:
            # Whatever broke, such as memory that ran out: these requests fail, the next ones find a clean batch.
            logger.exception("the engine failed; %d running requests are given up", len(self._outlets))
            self._give_up(EngineFailure("the engine failed", do="send the request again"))
            return
        _deliver([(self._outlets[token.request], token) for token in tokens])
        for token in tokens:
            if token.finish:
                del self._outlets[token.request]

    def _stop(self) -> None:
        self._stopping = True
        self._give_up(_stops())

    def _give_up(self, reason: EngineFailure) -> None:
        for ticket in self._outlets:
            self._engine.cancel(ticket)
        _deliver([(outlet, reason) for outlet in self._outlets.values()])
        self._outlets.clear()


def _stops() -> EngineFailure:
    return EngineFailure("the server stops", do="send the request again later")
