"""A server that finishes its answers before it stops."""

import math
import time
from types import FrameType

import uvicorn

from doctorsun.serve.doors import Doors
from doctorsun.serve.engine import ChatEngine

_LAST_WORDS_S = 5  # for the ends of answers that were given up, and for uploads


class DrainingServer(uvicorn.Server):
    """Lets nobody in after a signal to stop, waits for the answers that run, and then stops in good order.

    Until then it goes on to tell those who ask that it stops. A second signal gives up what still runs.

    Args:
        config: of the server.
        doors: of the application.
        engine: of the application.
        timeout_s: how long to wait for answers.
    """

    def __init__(self, config: uvicorn.Config, *, doors: Doors, engine: ChatEngine, timeout_s: float) -> None:
        config.timeout_graceful_shutdown = _LAST_WORDS_S
        super().__init__(config)
        self._doors = doors
        self._engine = engine
        self._timeout_s = timeout_s
        self._deadline_s = math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the same for every signal)
        """Close the doors."""
        self._deadline_s = -math.inf if self._doors.are_closing else time.monotonic() + self._timeout_s
        self._doors.close()

    async def on_tick(self, counter: int) -> bool:
        """Say whether all is done."""
        if self._doors.are_closing and not self.should_exit:
            is_late = time.monotonic() >= self._deadline_s
            if is_late and self._doors.num_inside:
                await self._engine.close()
            self.should_exit = is_late or not self._doors.num_inside
        return await super().on_tick(counter)
