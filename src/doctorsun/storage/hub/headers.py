"""Remote weights as a folder of headers: every reader of local files can look into it, and no contents are fetched."""

import io
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from doctorsun.errors import DataError
from doctorsun.storage.hub.address import Address
from doctorsun.storage.hub.fetcher import Fetcher
from doctorsun.storage.hub.hub import Hub
from doctorsun.storage.hub.kinds import TENSORS, WEIGHTS
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.pull import PullRules, fetcher_of, files_of, resolve
from doctorsun.storage.hub.remote_file import RemoteFile

READ_AT_ONCE_BYTES = 2**17  # most headers are shorter; files that are no longer are fetched whole
MAX_HEADER_BYTES = 2**27
CONTENTS = "/data/"  # where an archive of torch.save keeps the numbers of its tensors


@contextmanager
def remote_headers(address: Address, hub: Hub, lock: Lock, *, rules: PullRules) -> Generator[Path]:
    """Give a folder like the one that an address names, in which large files of tensors are headers and then holes.

    The files have their true sizes and hold what the layouts read first: headers of safetensors, and of torch.save's
    archives all but the numbers. It is for looking only: the holes read as zeros. Small files come through the cache,
    with their hashes checked; the lock is read and not written.

    Args:
        address: weights on a hub.
        hub: where they are.
        lock: what addresses are pinned to.
        rules: as for `doctorsun.storage.hub.pull.pull`.

    Raises:
        RecipeError: ``locked``, and the lock does not name the address.
        DataError: the hub refuses, sends no ranges of bytes, or, offline, a file is not on this machine.
    """
    pinned = resolve(address, WEIGHTS, hub, lock, rules)
    fetcher = fetcher_of(address, pinned, WEIGHTS, hub, lock)
    with TemporaryDirectory(prefix="doctorsun-headers-") as folder:
        for file in files_of(address, pinned, WEIGHTS):
            place = Path(folder, file.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if fetcher.local(file) is None and _is_large(file) and not rules.offline:
                _write_header(file, place, fetcher)
            elif fetcher.local(file) is None and rules.offline:
                raise DataError(f"{address}: offline", got=f"{file.path} is not on this machine", do="pull it first")
            else:
                place.symlink_to(_whole(file, fetcher, offline=rules.offline))
        yield Path(folder, address.path)


def _is_large(file: RemoteFile) -> bool:
    return PurePosixPath(file.path).suffix.lower() in TENSORS and file.size_bytes > READ_AT_ONCE_BYTES


def _whole(file: RemoteFile, fetcher: Fetcher, *, offline: bool) -> Path:
    """Return a file in the cache; the hash of a large one that is there is left to those who use its contents."""
    place = fetcher.local(file)
    return (place if place and _is_large(file) else fetcher.bring(file, offline=offline)).resolve()


def _write_header(file: RemoteFile, place: Path, fetcher: Fetcher) -> None:
    read = partial(fetcher.hub.read, fetcher.repository, fetcher.revision, file.path)
    with place.open("wb") as copy:
        copy.truncate(file.size_bytes)
        with io.BufferedReader(_CopyingReader(read, file.size_bytes, copy), READ_AT_ONCE_BYTES) as remote:
            if PurePosixPath(file.path).suffix.lower() == ".safetensors":
                _read_safetensors(remote)
            elif remote.peek(2)[:2] == b"PK":
                _read_archive(remote)


def _read_safetensors(remote: BinaryIO) -> None:
    num_bytes = int.from_bytes(remote.read(8), "little")
    if num_bytes <= MAX_HEADER_BYTES:  # else the reader of the copy says what is wrong
        remote.read(num_bytes)


def _read_archive(remote: BinaryIO) -> None:
    # What is wrong with an archive or a record is said by the reader of the copy; torch.save may write no checksums.
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(remote) as archive:
        for record in archive.infolist():
            if CONTENTS not in record.filename and record.file_size <= MAX_HEADER_BYTES:
                with suppress(zipfile.BadZipFile):
                    archive.read(record)


class _CopyingReader(io.RawIOBase):
    """A remote file whose bytes, once read, stand in a local file at the same place."""

    def __init__(self, read: Callable[[int, int], bytes], size_bytes: int, copy: BinaryIO) -> None:
        super().__init__()
        self._read, self._size_bytes, self._copy = read, size_bytes, copy
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer).cast("B")
        content = self._between(self._position, min(self._position + len(wanted), self._size_bytes))
        wanted[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _between(self, start: int, stop: int) -> bytes:
        if start >= stop:
            return b""
        content = self._read(start, stop)
        self._copy.seek(start)
        self._copy.write(content)
        return content
