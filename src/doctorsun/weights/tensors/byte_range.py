"""Exact byte ranges of files as tensors: nothing is mapped, so memory holds what was asked for and no more."""

from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

COPY_AGAIN = "copy the file again"
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def first_bytes(path: Path, num_bytes: int) -> bytes:
    """Return how a file of tensors begins.

    Raises:
        WeightsError: there is no such file, it cannot be read, it is empty, or its contents were never fetched.
    """
    if not path.is_file():
        got = "something that is no file" if path.exists() else "no such file"
        raise WeightsError(f"{path}", got=got, expected="a file of tensors", do="name another, or fetch it again")
    try:
        with path.open("rb") as file:
            head = file.read(max(num_bytes, len(LFS_POINTER)))
    except OSError as error:
        raise _cannot_read(path, error) from error
    if not head:
        raise WeightsError(f"{path}", got="an empty file", expected="a file of tensors", do=COPY_AGAIN)
    if head.startswith(LFS_POINTER):
        do = "run 'git lfs pull' in its folder"
        raise WeightsError(f"{path}", got="a pointer of Git LFS", expected="the file it points to", do=do)
    return head[:num_bytes]


def read_bytes(path: Path, start: int, size_bytes: int) -> bytes:
    """Return bytes of a file, without PyTorch.

    Raises:
        WeightsError: the file cannot be read, or ends before.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(size_bytes)
    except OSError as error:
        raise _cannot_read(path, error) from error
    if len(content) != size_bytes:
        raise _ends_early(path, start, len(content), size_bytes)
    return content


def read_range(path: Path, start: int, size_bytes: int) -> "Tensor":
    """Return bytes of a file as a tensor ``[size_bytes]`` of uint8 that owns its memory.

    Raises:
        WeightsError: the file cannot be read, or ends before.
    """
    import torch

    buffer = torch.empty(size_bytes, dtype=torch.uint8)
    fill_from(path, start, buffer)
    return buffer


def fill_from(path: Path, start: int, buffer: "Tensor") -> None:
    """Fill a tensor ``[size_bytes]`` of uint8 with bytes of a file, without a copy beside it.

    Raises:
        WeightsError: the file cannot be read, or ends before.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            num_read = file.readinto(buffer.numpy().data)
    except OSError as error:
        raise _cannot_read(path, error) from error
    if num_read != len(buffer):
        raise _ends_early(path, start, num_read, len(buffer))


def _ends_early(path: Path, start: int, num_read: int, size_bytes: int) -> WeightsError:
    got, expected = f"an end after {start + num_read} bytes", f"{start + size_bytes} bytes"
    return WeightsError(f"{path}", got=got, expected=expected, do=COPY_AGAIN)


def _cannot_read(path: Path, error: OSError) -> WeightsError:
    reason = error.strerror or str(error)
    return WeightsError(f"{path}", got=reason, expected="a file that can be read", do="check its permissions")
