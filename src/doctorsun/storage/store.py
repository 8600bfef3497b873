"""Reading a store: random access to its samples, single columns, and the check of its hashes."""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from doctorsun.errors import DataError
from doctorsun.schema import Manifest, Sample
from doctorsun.storage.atomic import sha256_file
from doctorsun.storage.counts import COUNTED_COLUMNS, IMAGES, most_frequent_first
from doctorsun.storage.manifest_file import read_manifest
from doctorsun.storage.shard_file import ALL_BUT_BYTES, ShardReader, damaged_shard, read_dropped
from doctorsun.storage.store_folder import DROPPED, MANIFEST, PROGRESS, store_is_complete
from doctorsun.storage.store_schema import IMAGE_BYTES, RowGroup, column_path
from doctorsun.storage.store_writer import StoreWriter

__all__ = ["Store", "StoreWriter", "store_is_complete", "store_steps"]

CACHED_ROW_GROUPS = 32
CACHED_ROW_GROUPS_SMALL = 256  # of a store whose images are small: about 0.2 MiB of memory each
SMALL_STORE_BYTES = 2**30
CACHED_WORDS_BYTES = 2**28  # of row groups without images


class Store:
    """Read the samples of a complete store; safe to share between threads, and to send to other processes.

    Args:
        folder: the store.
        cached_row_groups: how many decoded row groups (at most 64 samples each) stay in memory; when None, 256
            of a store of up to 1 GiB, else 32.

    Raises:
        DataError: the store is not complete, or its manifest is damaged.
    """

    def __init__(self, folder: Path, *, cached_row_groups: int | None = None) -> None:
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder / MANIFEST)
        is_small = sum(shard.size_bytes for shard in self.manifest.shards) <= SMALL_STORE_BYTES
        self._cached_row_groups = cached_row_groups or (CACHED_ROW_GROUPS_SMALL if is_small else CACHED_ROW_GROUPS)
        self._ends = list(accumulate(shard.num_rows for shard in self.manifest.shards))
        self._shards: dict[int, ShardReader] = {}
        self._cache: OrderedDict[tuple[int, int], RowGroup] = OrderedDict()
        self._words: OrderedDict[tuple[int, int], pa.Table] = OrderedDict()
        self._words_bytes = 0
        self._lock = Lock()

    @property
    def sha256(self) -> str:
        """SHA-256 of the manifest, which names the hashes of all shards: the identity of the store."""
        return sha256_file(self.folder / MANIFEST)

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.folder,)

    def __len__(self) -> int:
        return self.manifest.num_rows

    def __getitem__(self, index: int) -> Sample:
        """Return the sample at a position; equal images of neighbouring samples share their bytes in memory.

        Raises:
            IndexError: there is no such position.
            DataError: the shard is damaged.
        """
        with self._lock:
            shard, group, row = self._locate(index)
            return self._group(shard, group)[row]

    def without_bytes(self, index: int) -> Sample:
        """Return a sample with ``bytes`` of its images left out (None): far cheaper than the whole sample.

        Raises:
            IndexError: there is no such position.
            DataError: the shard is damaged.
        """
        with self._lock:
            shard, group, row = self._locate(index)
            return RowGroup(self._words_of(shard, group).slice(row, 1))[0]

    def forget(self) -> None:
        """Give back the memory of the row groups that were read; they are read again when they are asked for."""
        with self._lock:
            self._cache.clear()
            self._words.clear()
            self._words_bytes = 0

    def __iter__(self) -> Iterator[Sample]:
        for index in range(len(self)):
            yield self[index]

    def without_images(self) -> Iterator[Sample]:
        """Yield every sample with ``bytes`` of its images left out (None); the bytes are not read from disk."""
        for table in self._tables(ALL_BUT_BYTES):
            group = RowGroup(table)
            yield from (group[row] for row in range(len(group)))

    def column(self, name: str) -> list[Any]:
        """Return one field of every sample; nothing else is read.

        Args:
            name: a field, nested ones with dots: ``task``, ``source.split``, ``images.sha256`` (a list per sample).

        Raises:
            DataError: a sample has no such field, or a shard is damaged.
        """
        return [_field(row, name.split(".")) for table in self.tables([name]) for row in table.to_pylist()]

    def tables(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some fields of all samples, one Arrow table per shard: for counting over stores of any size.

        Args:
            names: as for `column`.

        Raises:
            DataError: a sample has no such field, or a shard is damaged.
        """
        paths = [column_path(name) for name in names]
        for shard in self.manifest.shards:  # not kept open: what a reader knows of a shard is large
            yield ShardReader(self.folder, shard).whole_table(paths)

    def counts(self, field: str) -> dict[str, int]:
        """Return how many samples have each value of a counted field (`COUNTED_COLUMNS`), the most frequent first."""
        counted = self.manifest.counts.get(field)
        return most_frequent_first(Counter(self.column(COUNTED_COLUMNS[field]) if counted is None else counted))

    def rows_without_images(self) -> list[int]:
        """Return the positions of the samples that lack an image's bytes.

        An image whose SHA-256 is not known has none; the bytes themselves are read only where that tells too little.
        """
        num_lacking = self.manifest.counts.get(IMAGES, {"incomplete": -1}).get("incomplete", 0)
        unknown = [row for row, names in enumerate(self.column("images.sha256")) if "" in names] if num_lacking else []
        if num_lacking in (0, len(unknown)):
            return unknown
        return [row for row, encoded in enumerate(self._have_bytes()) if not encoded]

    def dropped(self) -> Iterator[dict[str, str]]:
        """Yield the source items that gave no sample: ``original_id``, ``reason`` and ``detail``, in their order.

        Raises:
            DataError: a list of them is missing or damaged.
        """
        num_read = 0
        for path in sorted((self.folder / DROPPED).glob("*.parquet")):
            rows = read_dropped(path)
            num_read += len(rows)
            yield from rows
        if num_read != self.manifest.dropped:
            raise DataError(
                f"{self.folder / DROPPED}",
                got=f"{num_read} items",
                expected=f"{self.manifest.dropped}, as the manifest says",
                do="copy the store again, or make it again",
            )

    def check(self) -> None:
        """Open every shard: it is there, has its size and a readable footer; `verify` compares the content too.

        Raises:
            DataError: a shard is missing or damaged.
        """
        for shard in range(len(self.manifest.shards)):
            self._reader(shard)

    def verify(self) -> None:
        """Compare every shard with its SHA-256.

        Raises:
            DataError: a shard is missing or damaged.
        """
        for shard in self.manifest.shards:
            path = self.folder / shard.path
            if not path.is_file() or sha256_file(path) != shard.sha256:
                raise damaged_shard(path, shard)

    def _have_bytes(self) -> Iterator[bool]:
        """Yield for each sample whether all its images have their bytes."""
        for table in self._tables([IMAGE_BYTES]):
            images = table["images"].combine_chunks()
            rows = np.repeat(np.arange(len(images)), images.value_lengths().to_numpy())
            lacking = set(rows[images.flatten().field("bytes").is_null().to_numpy(zero_copy_only=False)].tolist())
            yield from (row not in lacking for row in range(len(images)))

    def _tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        for shard in range(len(self.manifest.shards)):
            reader = self._reader(shard)
            yield from (reader.table(group, columns) for group in range(reader.num_groups))

    def _reader(self, shard: int) -> ShardReader:
        if shard not in self._shards:
            self._shards[shard] = ShardReader(self.folder, self.manifest.shards[shard])
        return self._shards[shard]

    def _locate(self, index: int) -> tuple[int, int, int]:
        """Return shard, row group and row of a position."""
        if not 0 <= index < self.manifest.num_rows:
            raise IndexError(index)
        shard = bisect_right(self._ends, index)
        return shard, *self._reader(shard).locate(index - (self._ends[shard - 1] if shard else 0))

    def _words_of(self, shard: int, group: int) -> pa.Table:
        key = (shard, group)
        if key not in self._words:
            self._words[key] = self._reader(shard).table(group, ALL_BUT_BYTES)
            self._words_bytes += self._words[key].nbytes
            while self._words_bytes > CACHED_WORDS_BYTES and len(self._words) > 1:
                self._words_bytes -= self._words.popitem(last=False)[1].nbytes
        self._words.move_to_end(key)
        return self._words[key]

    def _group(self, shard: int, group: int) -> RowGroup:
        key = (shard, group)
        if key not in self._cache:
            self._cache[key] = RowGroup(self._words_of(shard, group), self._reader(shard).image_bytes(group))
            if len(self._cache) > self._cached_row_groups:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]


def store_steps(folder: Path) -> tuple[dict[str, Any], ...]:
    """Return the steps that made a store, or that began to; none where there is no store.

    Raises:
        DataError: the manifest is damaged.
    """
    name = next((name for name in (MANIFEST, PROGRESS) if (folder / name).is_file()), None)
    return read_manifest(folder / name).steps if name else ()


def _field(value: Any, names: Sequence[str]) -> Any:
    """Follow field names through records (None stays None) and lists (a list of results)."""
    if isinstance(value, list):
        return [_field(item, names) for item in value]
    return _field(value[names[0]], names[1:]) if names and value is not None else value
