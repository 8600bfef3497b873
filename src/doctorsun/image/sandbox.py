"""Decoding in limited processes: what clients send is opened there, never in the server itself."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import LifoQueue
from typing import Any

from doctorsun.errors import ImageError
from doctorsun.image.landlock import landlock_version
from doctorsun.image.sandbox_channel import Channel

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows

_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
"""What a decoding process may know of the server's surroundings: no key is among it."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """What one decoding process may use.

    Attributes:
        memory_bytes: of addresses (RLIMIT_AS), libraries included.
        file_bytes: the largest file that it may write.
        cpu_s: processor seconds of one task.
        timeout_s: seconds of one task on the clock.
    """

    memory_bytes: int = 2 * 2**30
    file_bytes: int = 2 * 2**30
    cpu_s: int = 30
    timeout_s: float = 60.0


class Sandbox:
    """A few long-lived decoding processes; they start when first needed. May be used from many threads.

    Whole uploads, which take long, are never opened in all of them at once: pictures and slices find one free.

    Args:
        num_workers: how many tasks are done at once; others wait.
        limits: of each process.
    """

    def __init__(self, *, num_workers: int = 2, limits: SandboxLimits | None = None) -> None:
        self._limits = limits or SandboxLimits()
        self._places: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(num_workers):
            self._places.put(None)
        self._uploads = threading.Semaphore(max(1, num_workers - 1))
        self._workers: set[_Worker] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._num_broken = 0
        self._folder: Path | None = None

    def see_only(self, folder: Path) -> None:
        """Let processes open nothing but libraries and what lies in a folder; those that run already end.

        Where the system knows no Landlock, that is told in the log, and they can read what the server's user can.
        """
        with self._lock:
            self._folder = folder
            workers = list(self._workers)
        for worker in workers:
            self._end(worker)
        if not landlock_version():
            logger.warning("This system has no Landlock: decoding processes can read what this user can")

    def describe(self, folder: Path, *, max_bytes: int, max_pixels: int) -> dict[str, Any]:
        """Do `doctorsun.image.study.show.describe` in a limited process.

        Raises:
            ImageError: as there; or it took too much time or memory, or broke the process.
            OSError: the disk is full, or fails.
        """
        task = {"do": "describe", "folder": str(folder), "max_bytes": max_bytes, "max_pixels": max_pixels}
        with self._uploads:
            return self._ask(task)[0]

    def render(self, folder: Path, series: dict[str, Any], index: int, window: str, *, max_pixels: int) -> bytes:
        """Do `doctorsun.image.study.show.render` in a limited process; ``series`` is one of those of `describe`.

        Raises:
            ImageError: as there; or it took too much time or memory, or broke the process.
            OSError: the disk fails.
        """
        task = {"do": "render", "folder": str(folder), "series": series, "slice": index, "window": window}
        return self._ask(task | {"max_pixels": max_pixels})[1]

    def sanitise(self, data: bytes, *, max_pixels: int) -> bytes:
        """Do `doctorsun.image.study.show.sanitise` in a limited process.

        Raises:
            ImageError: as there; or it took too much time or memory, or broke the process.
        """
        return self._ask({"do": "sanitise", "max_pixels": max_pixels}, data)[1]

    @property
    def process_ids(self) -> list[int]:
        """The processes that run now."""
        with self._lock:
            return sorted(worker.process.pid for worker in self._workers)

    @property
    def num_broken(self) -> int:
        """How many processes a task has broken, or ended by taking too much."""
        return self._num_broken

    def close(self) -> None:
        """End all processes; tasks that still run fail."""
        with self._lock:
            self._is_closed = True
            workers = list(self._workers)
        for worker in workers:
            self._end(worker)

    def _ask(self, task: dict[str, Any], data: bytes = b"") -> tuple[dict[str, Any], bytes]:
        worker = self._places.get()
        try:
            worker = self._alive(worker)
            reply, result = worker.ask(task, data, time.monotonic() + self._limits.timeout_s)
        except TimeoutError as error:
            worker = self._end(worker, broken=True)
            raise _failed(f"more than {self._limits.timeout_s:g} seconds") from error
        except (EOFError, ValueError) as error:
            worker = self._end(worker, broken=True)
            raise _failed("more time or memory than decoding may take, or it broke the decoder") from error
        finally:
            self._places.put(worker)
        if "fault" in reply:
            raise ImageError(**{name: str(text) for name, text in reply["fault"].items()})
        if "errno" in reply:
            raise OSError(int(reply["errno"]), os.strerror(int(reply["errno"])))
        return reply, result

    def _alive(self, worker: "_Worker | None") -> "_Worker":
        if worker and worker.process.poll() is None:
            return worker
        self._end(worker)
        with self._lock:
            if self._is_closed:
                raise _failed("a server that stops")
            started = _Worker(self._limits, self._folder)
            self._workers.add(started)
            return started

    def _end(self, worker: "_Worker | None", *, broken: bool = False) -> None:
        if worker:
            worker.end()
            with self._lock:
                self._workers.discard(worker)
                self._num_broken += broken


class _Worker:
    """One process and our end of its connection."""

    def __init__(self, limits: SandboxLimits, folder: Path | None) -> None:
        told = asdict(limits) | {"folder": str(folder.resolve()) if folder else ""}
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-P", "-m", "doctorsun.image.sandbox_worker", json.dumps(told)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | _ONE_THREAD,
                start_new_session=True,  # Ctrl-C is for the server, which ends its processes itself
            )
        self._channel = Channel(ours)

    def ask(self, task: dict[str, Any], data: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        self._channel.send(task, data, deadline=deadline)
        return self._channel.receive(deadline=deadline)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self._channel.connection.close()


def _failed(got: str) -> ImageError:
    return ImageError("the file cannot be decoded", got=got, expected="a sound image", do="send a smaller or sound one")
