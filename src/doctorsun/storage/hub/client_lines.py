"""What a hub's client writes of its own while it works: our results and errors tell what is to be known."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path


@contextmanager
def without_client_lines() -> Generator[None]:
    """Keep a client's reports out of what is read, and its bars of progress out of files and pipes.

    Where standard error is a terminal, bars are shown there.
    """
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        nullcontext() if sys.stderr.isatty() else redirect_stderr(nowhere),
    ):
        yield
