"""Writing a store: shard by shard, each complete or not there, so that a killed run goes on where it stopped."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from doctorsun.errors import DataError
from doctorsun.schema import Manifest, Sample, Shard
from doctorsun.storage.atomic import disk_errors
from doctorsun.storage.counts import COUNTED_FIELDS, count_rows
from doctorsun.storage.inputs import extended
from doctorsun.storage.manifest_file import complete_store, read_manifest, write_manifest
from doctorsun.storage.sample_row import SampleRow, sample_row
from doctorsun.storage.shard_file import ShardWriter
from doctorsun.storage.store_folder import PROGRESS, store_is_complete
from doctorsun.storage.store_schema import DROPPED_SCHEMA, rows_to_table

ROWS_PER_GROUP = 64
IMAGE_BYTES_PER_GROUP = 8 * 2**20  # one sample is read with its row group, so large images make small groups


@dataclass(slots=True)
class _Pending:
    """What has been handed over since the last complete shard."""

    rows: list[SampleRow] = field(default_factory=list[SampleRow])
    image_bytes: dict[str, bytes] = field(default_factory=dict[str, bytes])
    dropped: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    num_kept: int = 0
    num_rows: int = 0
    inputs_sha256: str = ""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in COUNTED_FIELDS})


class StoreWriter:
    """Write a store from source items in a fixed order; after a kill, open it again and skip `num_items_done` items.

    A shard closes at the first end of an item at which it holds ``rows_per_shard`` rows and drops, so that the
    bytes on disk depend on the items alone and not on interruptions. Use as a context manager: an error inside
    the block leaves the complete shards, and no manifest. One writer per folder.

    Args:
        folder: where the store goes; created when missing.
        name: the store's name.
        step: what makes the store, with its settings.
        parents: SHA-256 of the manifests of the stores it is made from.
        rows_per_shard: rows and drops after which a shard closes.

    Raises:
        DataError: the store is complete already, or another step has begun to write it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        step: dict[str, Any],
        parents: tuple[str, ...] = (),
        rows_per_shard: int = 4096,
    ) -> None:
        self._folder = folder
        self._rows_per_shard = rows_per_shard
        self._shard: ShardWriter | None = None
        self._pending = _Pending()
        self._manifest = Manifest(
            name=name,
            shards=(),
            counts={field: {} for field in COUNTED_FIELDS},
            steps=(json.loads(json.dumps(step)),),  # as it will be read back
            parents=parents,
        )
        if store_is_complete(folder):
            do = "remove the folder to write it again"
            raise DataError(f"store {folder} is complete", got="a new writer for it", do=do)
        self._continue()

    @property
    def num_items_done(self) -> int:
        """Source items, kept and dropped, in the complete shards of earlier runs and of this one."""
        return self._manifest.read

    @property
    def inputs_sha256(self) -> str:
        """Hash of what these source items were made from; empty where it was not told."""
        return self._manifest.inputs_sha256

    def add(self, samples: Sequence[Sample]) -> None:
        """Keep one source item as these samples; as `add_rows`."""
        self.add_rows([sample_row(sample) for sample in samples])

    def add_rows(self, rows: Sequence[SampleRow], made_from: bytes | None = None) -> None:
        """Keep one source item as the samples of these rows.

        Args:
            rows: of `sample_row`, one per sample.
            made_from: `digest_of` what the item was made from; of all items or of none.

        Raises:
            DataError: there is no sample (drop the item instead), or two different images have one SHA-256.
            MachineError: the disk is full; complete shards stay.
        """
        if not rows:
            raise DataError("a kept source item has no sample", do="drop it with a reason")
        self._check_images(rows)
        for start in range(0, len(rows), ROWS_PER_GROUP):
            part = rows[start : start + ROWS_PER_GROUP]
            if len(self._pending.rows) + len(part) > ROWS_PER_GROUP:
                self._write_group()
            self._pending.rows.extend(part)
            self._pending.image_bytes.update(_images(part))
            if sum(map(len, self._pending.image_bytes.values())) >= IMAGE_BYTES_PER_GROUP:
                self._write_group()
        self._pending.num_kept += 1
        self._pending.num_rows += len(rows)
        count_rows(rows, self._pending.counts)
        self._end_item(made_from)

    def drop(self, original_id: str, reason: str, detail: str = "", made_from: bytes | None = None) -> None:
        """Leave one source item out, for a reason from a short fixed list and with details of this case."""
        self._pending.dropped.append({"original_id": original_id, "reason": reason, "detail": detail})
        self._end_item(made_from)

    def close(self) -> None:
        """Write what is pending, then the manifest: the store is complete.

        Raises:
            MachineError: the disk is full; complete shards stay.
        """
        if self._pending.num_kept or self._pending.dropped:
            self._close_shard()
        complete_store(self._folder, self._manifest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.close()
        finally:
            if self._shard:
                self._shard.abandon()

    def _continue(self) -> None:
        """Take up the complete shards of an earlier run and remove what it left half done."""
        progress = self._folder / PROGRESS
        with disk_errors(self._folder):
            (self._folder / "shards").mkdir(parents=True, exist_ok=True)
        if progress.exists():
            begun = read_manifest(progress)
            asked = self._manifest
            if (begun.name, begun.steps, begun.parents) != (asked.name, asked.steps, asked.parents):
                got, expected = f"{begun.name}: {begun.steps}", f"{asked.name}: {asked.steps}"
                do = "remove the folder, or finish it with the settings it was begun with"
                raise DataError(f"{self._folder} was begun by another step", got=got, expected=expected, do=do)
            self._manifest = begun
            self._pending.inputs_sha256 = begun.inputs_sha256
        complete = {shard.path for shard in self._manifest.shards}
        for path in [*self._folder.glob("shards/*"), *self._folder.glob("dropped/*")]:
            if f"shards/{path.name}" not in complete:
                path.unlink()

    def _check_images(self, rows: Sequence[SampleRow]) -> None:
        known = dict(self._pending.image_bytes)
        for sha256, encoded in _images(rows):
            if known.setdefault(sha256, encoded) != encoded:
                raise DataError(f"two different images have the SHA-256 {sha256}", do="hash the encoded bytes")

    def _write_group(self) -> ShardWriter:
        self._shard = self._shard or ShardWriter(self._next_shard())
        if self._pending.rows:
            self._shard.write(rows_to_table(self._pending.rows))
        self._pending.rows.clear()
        self._pending.image_bytes.clear()
        return self._shard

    def _next_shard(self) -> Path:
        return self._folder / "shards" / f"{len(self._manifest.shards):05d}.parquet"

    def _end_item(self, made_from: bytes | None) -> None:
        """Note what an item was made from, and close the shard if it is full."""
        if made_from is not None:
            self._pending.inputs_sha256 = extended(self._pending.inputs_sha256, made_from)
        if self._pending.num_rows + len(self._pending.dropped) >= self._rows_per_shard:
            self._close_shard()

    def _close_shard(self) -> None:
        """Finish the shard and its dropped items; the progress file then counts them as done."""
        path, pending, done = self._next_shard(), self._pending, self._manifest
        sha256 = self._write_group().finish()
        self._shard = None
        if pending.dropped:
            _write_dropped(self._folder / "dropped" / path.name, pending.dropped)
        size_bytes = path.stat().st_size
        shard = Shard(path=f"shards/{path.name}", num_rows=pending.num_rows, size_bytes=size_bytes, sha256=sha256)
        reasons = Counter(done.dropped_reasons) + Counter(item["reason"] for item in pending.dropped)
        self._manifest = replace(
            done,
            shards=(*done.shards, shard),
            counts={name: dict(Counter(count) + pending.counts[name]) for name, count in done.counts.items()},
            read=done.read + pending.num_kept + len(pending.dropped),
            kept=done.kept + pending.num_kept,
            dropped=done.dropped + len(pending.dropped),
            dropped_reasons=dict(reasons),
            inputs_sha256=pending.inputs_sha256,
        )
        write_manifest(self._folder / PROGRESS, self._manifest)
        self._pending = _Pending(inputs_sha256=pending.inputs_sha256)


def _images(rows: Iterable[SampleRow]) -> Iterator[tuple[str, bytes]]:
    for row in rows:
        for image in row["images"]:
            if image["bytes"] is not None:
                yield image["sha256"], image["bytes"]


def _write_dropped(path: Path, items: list[dict[str, str]]) -> None:
    file = ShardWriter(path, schema=DROPPED_SCHEMA)
    try:
        file.write(pa.Table.from_pylist(items, schema=DROPPED_SCHEMA))
        file.finish()
    except BaseException:
        file.abandon()
        raise
