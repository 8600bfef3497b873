"""The state folder of a server: what it keeps for itself, for one server at a time."""

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from doctorsun.errors import RecipeError

_LOCK = "lock"


def default_state(environ: Mapping[str, str]) -> Path:
    """Return where a server keeps its state when nobody says.

    Source: XDG Base Directory Specification, ``XDG_STATE_HOME``.
    """
    home = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "doctorsun" / "serve"


@contextmanager
def state_folder(path: Path) -> Generator[Path]:
    """Hold a state folder for the length of the block; a new one is closed to other users.

    Raises:
        RecipeError: it cannot be written, or another server holds it.
    """
    lock = -1
    try:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _refusal(path, error) from error
        yield path
    finally:
        if lock >= 0:
            os.close(lock)


def _refusal(path: Path, error: OSError) -> RecipeError:
    got, expected = os.strerror(error.errno or 0), "a folder that can be written"
    if isinstance(error, BlockingIOError):
        got, expected = "one that another server uses", "one for each server"
    return RecipeError(f"state folder {path}", got=got, expected=expected, do="name another with --state")
