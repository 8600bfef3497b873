"""Output that outlives its reader: work goes on to its end though ``head`` has read enough and left."""

import io
import os
import sys
from typing import Any, TextIO


class _Outlet(io.FileIO):
    """A file descriptor that swallows what nobody reads any more."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def outlive_readers() -> None:
    """Let standard output and standard error take what is written after their reader left."""
    sys.stdout = _outlet(sys.stdout)
    sys.stderr = _outlet(sys.stderr)


def give_up_output() -> None:
    """Send what is left in standard output nowhere: it cannot be written, and Python would try again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _outlet(stream: TextIO) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Outlet(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=bool(stream.line_buffering),
        write_through=stream.write_through if isinstance(stream, io.TextIOWrapper) else False,
    )
