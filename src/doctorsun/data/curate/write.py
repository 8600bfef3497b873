"""The third phase: one shard of the new store per shard of the old ones, and the list of what was left out of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from doctorsun.data.curate.kept_rows import kept_rows, regrouped
from doctorsun.data.curate.shard_job import ShardJob, read_work, write_table
from doctorsun.data.curate.tally import Tally
from doctorsun.schema import Shard
from doctorsun.storage.counts import count_table
from doctorsun.storage.shard_file import ALL_BUT_BYTES, ShardReader, ShardWriter
from doctorsun.storage.store_folder import DROPPED
from doctorsun.storage.store_schema import DROPPED_SCHEMA, IMAGE_BYTES, column_path

_NAMES = tuple(column_path(name) for name in ("id", "source.dataset", "source.original_id"))


def is_written(job: ShardJob) -> bool:
    """Say whether the shard of the new store is complete; its tally is written last."""
    return _tally_file(job).exists()


def tally_of(job: ShardJob) -> Tally:
    """Return what became of the samples of a shard that is written."""
    return Tally.read_from(_tally_file(job))


def write_shard(job: ShardJob) -> None:
    """Write what is left of one shard, and what was left out of it: the same bytes wherever and however often.

    Raises:
        DataError: the shard, or what an earlier phase wrote of it, is damaged.
        MachineError: the disk is full.
    """
    reader = ShardReader(job.store, job.shard)
    decided, changed = read_work(job.file("decided")), read_work(job.file("changed"))
    path = job.out / "shards" / f"{job.number:05d}.parquet"
    tally = Tally()
    if decided["split"].null_count < len(decided):
        tally.shards = (_write_kept(path, _kept(job, reader, decided, changed), tally),)
    dropped = _dropped(reader, decided, tally)
    if dropped:
        write_table(job.out / DROPPED / path.name, dropped, DROPPED_SCHEMA)
    _count_changed(job, decided, changed, tally)
    tally.write(_tally_file(job))


def _tally_file(job: ShardJob) -> Path:
    return job.file("written").with_suffix(".json")


def _kept(job: ShardJob, reader: ShardReader, decided: pa.Table, changed: pa.Table) -> Iterator[pa.Table]:
    start = 0
    for number in range(reader.num_groups):
        table = reader.table(number, [*ALL_BUT_BYTES, IMAGE_BYTES])
        yield kept_rows(table, job.first_place + start, decided.slice(start, len(table)), changed)
        start += len(table)


def _write_kept(path: Path, tables: Iterator[pa.Table], tally: Tally) -> Shard:
    file, num_rows = ShardWriter(path), 0
    try:
        for table in regrouped(tables):
            file.write(table)
            count_table(table, tally.counts)
            num_rows += len(table)
        sha256 = file.finish()
    except BaseException:
        file.abandon()
        raise
    return Shard(path=f"shards/{path.name}", num_rows=num_rows, size_bytes=path.stat().st_size, sha256=sha256)


def _dropped(reader: ShardReader, decided: pa.Table, tally: Tally) -> list[dict[str, Any]]:
    """Return the list of what is left out, and count what was read and dropped of each data set."""
    dropped: list[dict[str, Any]] = []
    for row, verdict in zip(reader.whole_table(_NAMES).to_pylist(), decided.to_pylist(), strict=True):
        source = row["source"]
        tally.read[source["dataset"]] += 1
        if verdict["reason"] is not None:
            tally.dropped.setdefault(source["dataset"], Counter())[verdict["reason"]] += 1
            name = f"{source['dataset']}/{source['original_id']} ({row['id']})"
            dropped.append({"original_id": name, "reason": verdict["reason"], "detail": verdict["detail"]})
    return dropped


def _count_changed(job: ShardJob, decided: pa.Table, changed: pa.Table, tally: Tally) -> None:
    splits = decided["split"].to_pylist()
    for row in changed.select(["place", "changed_by"]).to_pylist():
        if splits[row["place"] - job.first_place] is not None:
            tally.changed.update(row["changed_by"])
