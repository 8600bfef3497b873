"""Files of images: read whole under a limit, with errors that begin with the path."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from doctorsun.errors import ImageError

MAX_FILE_BYTES = 256 * 2**20


def read_bytes(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises:
        ImageError: the file is too large.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        most = f"at most {max_bytes // 2**20} MiB"
        raise ImageError("the file is too large", expected=most, do="name a picture, or resize it")
    return data


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Let the errors of what is done inside begin with the path of the file.

    Raises:
        ImageError: as inside, or the file cannot be read.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        do = "check the path and its rights"
        raise ImageError(f"image {path}", got=reason, expected="a file that can be read", do=do) from error
    except ImageError as error:
        what = f"{path}: {error.what}"
        raise ImageError(what, got=error.got, expected=error.expected, do=error.do) from error
