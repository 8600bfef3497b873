"""Ctrl-C and SIGTERM as a wish that a loop grants at a moment of its choice."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Remembers that a signal came."""

    def __init__(self) -> None:
        self.is_made = False

    def make(self, _number: int, _frame: FrameType | None) -> None:
        """Note a signal; give up at once on the second."""
        if self.is_made:
            raise KeyboardInterrupt
        self.is_made = True


@contextmanager
def stop_requests() -> Generator[StopRequest]:
    """Turn the signals into a request while the block runs; a second one stops at once."""
    request = StopRequest()
    previous = {number: signal.signal(number, request.make) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
