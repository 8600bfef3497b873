"""EngineProcess: another server as a child process, which ends with this one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from doctorsun.storage.atomic import disk_errors

_LOOK_S = 0.05
_KEYS = ("DOCTORSUN_API_KEY", "DOCTORSUN_ENGINE_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCommand:
    """How an engine is started.

    Attributes:
        words: the program and its arguments.
        socket: the Unix socket at which it will listen.
        health: the path that answers with success once it is ready, of one that speaks HTTP.
        log: the file that takes what it prints.
        environ: variables beside our own; our keys are kept from it.
    """

    words: tuple[str, ...]
    socket: Path
    log: Path
    health: str = ""
    environ: Mapping[str, str] = field(default_factory=dict[str, str])


class EngineProcess:
    """One child at a time, in a process group of its own: Ctrl-C is for the parent alone.

    Start it in a thread that lives as long as the server, since on Linux the child ends with that thread.

    Args:
        command: how it is started.
    """

    def __init__(self, command: EngineCommand) -> None:
        self.command = command
        self._child: subprocess.Popen[bytes] | None = None

    def begin_log(self) -> None:
        """Begin a new log; that of the server before is kept beside it, and older ones are not."""
        log = self.command.log
        with disk_errors(log), suppress(FileNotFoundError):
            log.replace(log.with_name(f"{log.name}.1"))

    def start(self) -> None:
        """Start the child; what it prints is added to its log.

        Raises:
            DataError: its log cannot be written.
            MachineError: the disk is full.
        """
        self.command.socket.unlink(missing_ok=True)  # of one that was killed
        environ = {name: value for name, value in os.environ.items() if name not in _KEYS}
        with disk_errors(self.command.log):
            log = os.open(self.command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._child = subprocess.Popen(  # noqa: S603 (the operator names the program)
                [sys.executable, "-m", "doctorsun.serve.tether", str(os.getpid()), *self.command.words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environ, **self.command.environ},
                start_new_session=True,
            )
        finally:
            os.close(log)

    @property
    def pid(self) -> int | None:
        """The number of the process; None while there is none."""
        return self._child.pid if self._child else None

    def ended(self) -> Coroutine[None, None, int]:
        """Return what waits for this child's end, and then tells its status, negative for a signal."""
        return _end_of(self._child)

    async def stop(self, timeout_s: float) -> None:
        """Ask the child to end, and kill it when it takes too long."""
        if self._child:
            with suppress(ProcessLookupError):
                self._child.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), timeout_s)
            self.kill()

    def kill(self) -> None:
        """Kill the child and all that it started; nothing happens where none is left."""
        if self._child:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            self._child = None


async def _end_of(child: "subprocess.Popen[bytes] | None") -> int:
    # A thread that waits would keep the event loop from ending before the child.
    while child and child.poll() is None:  # noqa: ASYNC110 (nothing portable wakes us)
        await asyncio.sleep(_LOOK_S)
    return child.returncode if child else 0
