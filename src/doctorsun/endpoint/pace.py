"""A limit on how often something is done, kept by all threads together."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """Lets callers through at equal intervals.

    Args:
        per_minute: how many at most; None lets all through at once.
        clock: gives the seconds of some clock that never goes back.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        per_minute: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = 60.0 / per_minute if per_minute else 0.0
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._next_s = clock()

    def wait(self) -> None:
        """Return when it is the caller's turn."""
        if not self._interval_s:
            return
        with self._lock:
            now_s = self._clock()
            turn_s = max(now_s, self._next_s)
            self._next_s = turn_s + self._interval_s
        if turn_s > now_s:
            self._sleep(turn_s - now_s)
