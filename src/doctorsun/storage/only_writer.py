"""The lock beside a new file or folder, by which one process at a time writes it."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.storage.atomic import disk_errors, require_free


@contextmanager
def only_writer(path: Path, work: str) -> Generator[None]:
    """Keep other processes from writing the same new file or folder; the lock ends with the process, however it dies.

    Args:
        path: the place; the folder that holds it is made.
        work: what writes there, for messages: ``import``.

    Raises:
        DataError: another process is at work, something is at the place already, or it cannot be written; nothing was
            touched.
        MachineError: the disk is full.
    """
    require_free(path)
    with one_writer(path, work):
        require_free(path)  # the other one may have ended just now
        yield


@contextmanager
def one_writer(path: Path, work: str) -> Generator[None]:
    """Keep other processes from writing the same file or folder, be it there or not.

    Raises:
        DataError: another process is at work, or it cannot be written.
        MachineError: the disk is full.
    """
    import fcntl

    lock = path.with_name(f".{path.name}.lock")
    while True:
        with disk_errors(path):
            lock.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("a")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DataError(
                    f"another {work} is writing {path}",
                    got="a process at work",
                    expected="one at a time",
                    do="wait for it, or name another folder",
                ) from error
            if lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return
        # Else its holder removed it between our two calls: what was locked is in nobody's way.
