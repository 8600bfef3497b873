"""Ctrl-C and SIGTERM as a wish that a loop grants at a moment of its choice."""

import signal
import threading
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
    """Turn the signals into a request while the block runs; a second one stops at once.

    A block within such a block shares its request, so that a signal of any moment is seen by both.
    """
    outer = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(outer, StopRequest):
        yield outer
        return
    request = StopRequest()
    previous = {number: signal.signal(number, request.make) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def unbroken() -> Generator[None]:
    """Let the block come to its end, such as a save; signals that come meanwhile, however many, are obeyed after it."""
    if threading.current_thread() is not threading.main_thread():  # no signal reaches the others
        yield
        return
    came: list[int] = []
    previous = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)
