"""Files that only grow, a line at a time, each on the disk before the call returns."""

import os
from pathlib import Path

from doctorsun.storage.atomic import disk_errors


def append_line(path: Path, line: str, *, mode: int = 0o666) -> None:
    """Add a line to a file; one that was cut off before it is ended first. One writer at a time.

    Args:
        path: the file; made where there is none.
        line: without its end.
        mode: who may do what with a new file.

    Raises:
        MachineError: the disk is full; the file is as before.
        DataError: the file cannot be written for another reason.
    """
    with disk_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, mode)
        try:
            size = os.fstat(file).st_size
            is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            append(file, b"\n" * is_torn + f"{line}\n".encode())
        finally:
            os.close(file)


def append(file: int, data: bytes) -> None:
    """Write to the end of an open file, all or nothing, and wait until it is on the disk.

    Raises:
        OSError: it cannot be written.
    """
    size = os.fstat(file).st_size
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise
