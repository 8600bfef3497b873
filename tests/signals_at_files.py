"""Signals that reach this process at the moment when it opens a file, for tests of what they must not cut."""

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def signals_at(part: str, *numbers: signal.Signals) -> Generator[list[str]]:
    """Send signals, all at once, when the first file is opened whose path holds ``part``; give the path that it was."""
    opened: list[str] = []
    is_watching = True  # an audit hook stays as long as the process

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if not is_watching or opened or event != "open" or not isinstance(arguments[0], str | Path):
            return
        if part in str(arguments[0]):
            opened.append(str(arguments[0]))
            for number in numbers:
                os.kill(os.getpid(), number)

    sys.addaudithook(hear)
    try:
        yield opened
    finally:
        is_watching = False
