"""Files and folders that are either complete or not there, whatever happens while they are written."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError, MachineError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DISK_FAILS = (errno.EIO, errno.EROFS)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part; one writer per file.

    Raises:
        MachineError: the disk is full; the old content stays.
        DataError: the file cannot be written for another reason.
    """
    with disk_errors(path), atomic_path(path) as unfinished:
        unfinished.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write readable JSON with sorted keys, so that equal content gives equal bytes; as `write_bytes` does."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


@contextmanager
def atomic_path(path: Path) -> Generator[Path]:
    """Give the path of an unfinished file that takes its place at ``path`` once the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = unfinished_path(path)
    try:
        yield unfinished
        sync(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextmanager
def atomic_folder(path: Path) -> Generator[Path]:
    """Give an empty unfinished folder that takes its place at ``path`` once the block ends without an error.

    Raises:
        DataError: there is something at ``path`` already; a folder there is complete by construction.
        MachineError: the disk is full; nothing is left at ``path``.
    """
    require_free(path)
    unfinished = unfinished_path(path)
    with disk_errors(path):
        shutil.rmtree(unfinished, ignore_errors=True)  # left by a run that was killed
        unfinished.mkdir(parents=True)
        try:
            yield unfinished
            for entry in unfinished.rglob("*"):
                sync(entry)
            sync(unfinished)
            unfinished.rename(path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        sync(path.parent)


def require_free(path: Path) -> None:
    """Require that nothing is at the place of a result, not even a link that leads nowhere.

    Raises:
        DataError: there is something.
    """
    if path.exists() or path.is_symlink():
        got = "something that is already there" if path.exists() else "a link that leads nowhere"
        raise DataError(f"cannot write {path}", got=got, do="remove it or name another")


def unfinished_path(path: Path) -> Path:
    """Return where a file or folder lies while it is written: hidden, in the same folder."""
    return path.with_name(f".{path.name}.unfinished")


@contextmanager
def disk_errors(path: Path) -> Generator[None]:
    """Turn the operating system's errors of writing ``path`` into ours.

    Raises:
        MachineError: the disk, the quota or the largest file size is used up; or the disk fails, or takes nothing.
        DataError: any other reason.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in DISK_FULL:
            what = f"no room on the disk for {path}"
            raise MachineError(what, got=reason, do="free some space and run again: finished files stay") from error
        if error.errno in DISK_FAILS:
            do = "look at the disk, or name a folder on another"
            raise MachineError(f"cannot write {path}", got=reason, do=do) from error
        raise DataError(f"cannot write {path}", got=reason, do="check the folder and its permissions") from error


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Wait until a file or a folder's list of names is on the disk, so that a power cut cannot undo a rename."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
