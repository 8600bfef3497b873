"""A Unix socket to listen on: closed to all others, and gone when the server stops."""

import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from doctorsun.errors import RecipeError

MAX_PATH_BYTES = 107
"""The kernel's room for the path of a socket, less the byte that ends it (Linux, unix(7))."""
_NO_OTHERS = 0o117


@contextmanager
def unix_listener(path: Path) -> Generator[socket.socket]:
    """Listen at a path; the file goes with the end of the block.

    Only this user can connect, and its group where the process's umask lets groups write, as a proxy needs it.

    Raises:
        RecipeError: the path is too long, cannot be written, or something else is there; what a server left that was
            killed is no obstacle.
    """
    check_path(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        _clear(path)
        _bind(listener, path)
        ours = path.stat().st_ino
        try:
            listener.listen()
            yield listener
        finally:
            # After the block another server may have taken the path.
            with suppress(FileNotFoundError):
                if path.stat().st_ino == ours:
                    path.unlink()
    finally:
        listener.close()


def check_path(path: Path) -> None:
    """Refuse a path that no socket can have.

    Raises:
        RecipeError: it is too long.
    """
    num_bytes = len(os.fsencode(path))
    if num_bytes > MAX_PATH_BYTES:
        raise RecipeError(
            f"socket {path}",
            got=f"a path of {num_bytes} bytes",
            expected=f"at most {MAX_PATH_BYTES}",
            do="choose a shorter one",
        )


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens at any more."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # binding tells what is wrong
    if not stat.S_ISSOCK(mode):
        raise RecipeError(
            f"socket {path}", got="a file of another kind there", expected="a free path", do="choose another"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise _refusal(path, error) from error
        else:
            raise RecipeError(
                f"socket {path}",
                got="one that another program listens at",
                expected="a free path",
                do="choose another path with --uds, or stop the other program",
            )


def _bind(listener: socket.socket, path: Path) -> None:
    before = os.umask(_NO_OTHERS)
    os.umask(before | _NO_OTHERS)  # the file is closed to others from its first moment
    try:
        listener.bind(str(path))
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        os.umask(before)


def _refusal(path: Path, error: OSError) -> RecipeError:
    got = os.strerror(error.errno or 0)
    return RecipeError(f"socket {path}", got=got, expected="a path that can be written", do="choose another")
