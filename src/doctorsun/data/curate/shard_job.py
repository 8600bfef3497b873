"""The work of curation: one job per shard of the stores that are curated, and where each phase lays its results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.config.curation import Curation
from doctorsun.errors import DataError
from doctorsun.schema import Shard
from doctorsun.storage.shard_file import ShardWriter

WORK = ".curation"
"""Folder of what the phases leave for one another, in the new store; it goes when the store is complete."""

REJECTED_SCHEMA = pa.schema([("place", pa.int64()), ("reason", pa.string()), ("detail", pa.string())])


@dataclass(frozen=True, slots=True)
class ShardJob:
    """One shard of the stores that are curated; the shard of the new store has the same number.

    Attributes:
        number: of the shard among those of all stores.
        store: the folder that it lies in.
        shard: as the manifest has it.
        first_place: of its first row among the rows of all stores.
        out: the new store.
        settings: of every step.
        with_traces: the samples that are left will be searched for those of tests.
    """

    number: int
    store: Path
    shard: Shard
    first_place: int
    out: Path
    settings: Curation
    with_traces: bool = False

    @property
    def places(self) -> range:
        """The places of its rows."""
        return range(self.first_place, self.first_place + self.shard.num_rows)

    def file(self, kind: str) -> Path:
        """Return where a phase lays what it makes of this shard."""
        return self.out / WORK / kind / f"{self.number:05d}.parquet"


def write_table(path: Path, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    """Write rows as one Parquet file, complete or not at all.

    Raises:
        MachineError: the disk is full.
    """
    file = ShardWriter(path, schema=schema)
    try:
        file.write(pa.Table.from_pylist(list(rows), schema=schema))
        file.finish()
    except BaseException:
        file.abandon()
        raise


def read_work(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read what an earlier phase wrote.

    Args:
        path: of the file.
        columns: which ones; all by default.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(None if columns is None else list(columns), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        do = "remove the new store's folder and run the command again"
        raise DataError(f"{path}", got=str(error), expected="a file of this curation", do=do) from error
