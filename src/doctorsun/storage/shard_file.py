"""One Parquet file of a store: written row group by row group, read with its damage found."""

import hashlib
import io
from bisect import bisect_right
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.errors import DataError
from doctorsun.schema import Shard
from doctorsun.storage.atomic import disk_errors, sha256_file, sync, unfinished_path
from doctorsun.storage.store_schema import DROPPED_SCHEMA, IMAGE_BYTES, SAMPLE_SCHEMA, leaf_paths

ALL_BUT_BYTES = [path for path in leaf_paths() if path != IMAGE_BYTES]
IMAGES_ONCE = pa.dictionary(pa.int32(), pa.binary())
LARGEST_DICTIONARY_BYTES = 2**30
SAMPLE_SETTINGS: dict[str, Any] = {
    "use_dictionary": [IMAGE_BYTES],  # equal images of one row group are stored once
    "dictionary_pagesize_limit": LARGEST_DICTIONARY_BYTES,
    "compression": {IMAGE_BYTES: "none"} | dict.fromkeys(ALL_BUT_BYTES, "zstd"),
    "write_statistics": False,
    "write_page_checksum": True,
}


class ShardWriter:
    """Write a Parquet file under a hidden name that takes its place when it is finished.

    Raises:
        MachineError: the disk is full (here and in every method).
    """

    def __init__(self, path: Path, *, schema: pa.Schema = SAMPLE_SCHEMA) -> None:
        self._path = path
        settings: dict[str, Any] = SAMPLE_SETTINGS if schema is SAMPLE_SCHEMA else {"compression": "zstd"}
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _HashedFile(unfinished_path(path))
            self._writer = pq.ParquetWriter(self._file, schema, **settings)

    def write(self, table: pa.Table) -> None:
        """Append a table as one row group."""
        with disk_errors(self._path):
            self._writer.write_table(table)

    def finish(self) -> str:
        """Close the file, give it its name and return its SHA-256."""
        with disk_errors(self._path):
            self._writer.close()
            self._file.close()
            sync(unfinished_path(self._path))
            unfinished_path(self._path).rename(self._path)
            sync(self._path.parent)
        return self._file.sha256.hexdigest()

    def abandon(self) -> None:
        """Remove the unfinished file."""
        self._writer.is_open = False  # else its destructor writes a footer
        with suppress(OSError):  # a full disk again
            self._file.close()
        unfinished_path(self._path).unlink(missing_ok=True)


class _HashedFile(io.BufferedWriter):
    """A new file that is only ever appended to, hashed on its way, so that it need not be read again for its hash."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "wb"))
        self.sha256 = hashlib.sha256()

    def write(self, buffer: Any, /) -> int:
        """Append bytes."""
        self.sha256.update(buffer)
        return super().write(buffer)


class ShardReader:
    """Read a complete shard; several threads may share it.

    Raises:
        DataError: the shard is missing or damaged (here and in every method).
    """

    def __init__(self, folder: Path, shard: Shard) -> None:
        self._path = folder / shard.path
        self._shard = shard
        self._lock = Lock()
        with self._damage_found():
            if self._path.stat().st_size != shard.size_bytes:
                raise OSError
            self._file = self._opened()
            if not self._file.schema_arrow.equals(SAMPLE_SCHEMA):
                raise OSError
            metadata = self._file.metadata
            self._ends = list(
                accumulate(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
            )

    @property
    def num_groups(self) -> int:
        """How many row groups there are."""
        return len(self._ends)

    def locate(self, row: int) -> tuple[int, int]:
        """Return the row group that holds a row, and the row's place in it."""
        group = bisect_right(self._ends, row)
        return group, row - (self._ends[group - 1] if group else 0)

    def table(self, group: int, columns: Sequence[str]) -> pa.Table:
        """Read some leaf columns, by Parquet path, of one row group."""
        with self._damage_found(), self._lock:
            return _with_all(columns, self._file.read_row_group(group, columns=list(columns), use_threads=False))

    def whole_table(self, columns: Sequence[str]) -> pa.Table:
        """Read some leaf columns, by Parquet path, of all rows: for small columns far faster than group by group."""
        with self._damage_found(), self._lock:
            return _with_all(columns, self._file.read(columns=list(columns), use_threads=False))

    def image_bytes(self, group: int) -> pa.ChunkedArray:
        """Read the encoded images of one row group, those of all its samples in a row; equal ones lie there once."""
        with self._damage_found(), self._lock:
            table = self._images_file.read_row_group(group, columns=[IMAGE_BYTES], use_threads=False)
            images = _with_all([IMAGE_BYTES], table)["images"]
            return pa.chunked_array([chunk.flatten().field("bytes") for chunk in images.chunks], IMAGES_ONCE)

    @cached_property
    def _images_file(self) -> pq.ParquetFile:
        return self._opened(metadata=self._file.metadata, read_dictionary=[IMAGE_BYTES])

    def _opened(self, **settings: Any) -> pq.ParquetFile:
        return pq.ParquetFile(self._path, page_checksum_verification=True, **settings)

    @contextmanager
    def _damage_found(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise damaged_shard(self._path, self._shard) from error


def read_dropped(path: Path) -> list[dict[str, str]]:
    """Return the source items that gave no sample, of one shard.

    Raises:
        DataError: the file is damaged.
    """
    try:
        return pq.read_table(path, page_checksum_verification=True).select(DROPPED_SCHEMA.names).to_pylist()
    except (OSError, KeyError, pa.ArrowException) as error:
        do = "copy the store again, or make it again"
        raise DataError(f"{path}", got=str(error), expected="a list of dropped items", do=do) from error


def _with_all(columns: Sequence[str], table: pa.Table) -> pa.Table:
    """Return the table that was read, if it has all columns: a damaged column name is not an error to Arrow."""
    if sum(1 for _ in leaf_paths(table.schema)) != len(columns):
        raise OSError
    return table


def damaged_shard(path: Path, shard: Shard) -> DataError:
    """Return the error that names a shard whose content is not what the manifest says."""
    got = f"SHA-256 {sha256_file(path)}" if path.is_file() else "no file"
    do = "copy the shard again, or remove the store and make it again"
    return DataError(f"shard {path} is damaged", got=got, expected=f"SHA-256 {shard.sha256}", do=do)
