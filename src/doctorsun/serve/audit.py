"""The audit log of a server: who asked when, and what became of it; no word, picture or name that a client sent."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from doctorsun.errors import DataError, DoctorSunError
from doctorsun.serve.audit_chain import ChainEnd, read_line, sealed_line
from doctorsun.serve.engine import EngineFailure
from doctorsun.storage.appended import append
from doctorsun.storage.atomic import disk_errors, sync

logger = logging.getLogger("uvicorn.error")  # the one that uvicorn shows

Event = Literal[
    "start", "stop", "question", "answer", "refused", "study", "report", "engine_down", "engine_up", "recovered"
]
MAX_WAITING = 1000
"""Entries that are kept while the disk is full; those beyond are counted."""
_LONGEST_LINE = 2**16


def utc_now() -> str:
    """Return the time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def open_audit(path: Path, *, now: Callable[[], str] = utc_now) -> Generator["AuditLog"]:
    """Go on with the audit log of a state folder for as long as the block runs; its start and its stop are entries.

    A last line that was cut off when its process was killed is taken away, and an entry tells its size and hash.

    Args:
        path: the file; made where there is none, for its owner alone.
        now: tells the time in ISO 8601.

    Raises:
        DataError: the file cannot be written, or its last line was changed.
        MachineError: the disk is full.
    """
    with disk_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        audit = AuditLog(file, path, now)
        sync(path.parent)
        try:
            yield audit
        finally:
            audit.close()
    finally:
        os.close(file)


class AuditLog:
    """Writes entries in a thread of its own, each on the disk before the next; the first tells the start.

    Args:
        file: the open file, for reading and appending.
        path: names it in messages.
        now: tells the time in ISO 8601.

    Raises:
        DataError: its last line was changed, or it cannot be written.
        MachineError: the disk is full.
    """

    def __init__(self, file: int, path: Path, now: Callable[[], str] = utc_now) -> None:
        self._file, self._path, self._now = file, path, now
        self._writer = ThreadPoolExecutor(1, "audit")
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._num_lost = 0
        size = os.fstat(file).st_size
        tail = os.pread(file, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        whole, newline, torn = tail.rpartition(b"\n")
        self._end = _chain_end(whole + newline, path, is_all=size <= _LONGEST_LINE)
        if torn:
            with disk_errors(path):
                os.ftruncate(file, size - len(torn))
            self._write(self._entry("recovered", {"torn_bytes": len(torn), "torn_sha256": sha256(torn).hexdigest()}))
        self._write(self._entry("start", {}))

    async def require(self, event: Event, **facts: Any) -> None:
        """Write an entry, or refuse what it stands for.

        Raises:
            AuditFailure: it cannot be written, and was not kept.
        """
        await asyncio.wrap_future(self._writer.submit(self._write_now, self._entry(event, facts)))

    def record(self, event: Event, **facts: Any) -> None:
        """Have an entry written about what has happened; where the disk takes nothing it is kept until it does."""
        self._writer.submit(self._write_some_time, self._entry(event, facts))

    def close(self) -> None:
        """Tell the stop, and wait until all is written."""
        self.record("stop")
        self._writer.shutdown()

    def _write_now(self, entry: Mapping[str, Any]) -> None:
        try:
            self._write_all(entry)
        except DoctorSunError as error:
            logger.error("%s; questions are refused meanwhile", error.text())  # noqa: TRY400 (the text is all)
            raise AuditFailure("this server cannot record questions now", do="ask again later") from error

    def _write_some_time(self, entry: Mapping[str, Any]) -> None:
        try:
            self._write_all(entry)
        except DoctorSunError as error:
            self._keep(entry)
            logger.error("%s; %d entries wait", error.text(), len(self._waiting))  # noqa: TRY400 (the text is all)

    def _entry(self, event: Event, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        told = {name: value for name, value in facts.items() if value is not None}
        return {"time": self._now(), "event": event, **told}

    def _keep(self, entry: Mapping[str, Any]) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(entry)
        else:
            self._num_lost += 1

    def _write_all(self, entry: Mapping[str, Any]) -> None:
        """Write what waits, then an entry."""
        while self._waiting:
            self._write(self._waiting[0])
            self._waiting.popleft()
        if self._num_lost:
            self._write(self._entry("recovered", {"num_lost": self._num_lost}))
            self._num_lost = 0
        self._write(entry)

    def _write(self, entry: Mapping[str, Any]) -> None:
        line, end = sealed_line(entry, self._end)
        with disk_errors(self._path):
            append(self._file, line)
        self._end = end


class AuditFailure(EngineFailure):
    """What cannot be recorded is not done."""

    code = "audit"


def _chain_end(lines: bytes, path: Path, *, is_all: bool) -> ChainEnd:
    if not lines and is_all:
        return ChainEnd()
    try:
        return read_line(lines[lines[:-1].rfind(b"\n") + 1 :])[1]
    except DataError as error:
        do = "see 'doctorsun audit verify'; move the file away to begin another"
        expected = "the last line as it was written"
        raise DataError(f"audit log {path}", got=error.got, expected=expected, do=do) from error
