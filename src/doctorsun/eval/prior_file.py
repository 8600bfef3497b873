"""The prior of a store as a file, so that its samples are counted once and not by every evaluation."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.eval.prior import TrainingPrior, training_prior
from doctorsun.storage.atomic import write_bytes
from doctorsun.storage.store import Store

PRIOR_VERSION = 1
"""Counts of another version are of no use: they were made by other rules."""

_SCHEMA = pa.schema([("key", pa.list_(pa.string())), ("text", pa.string()), ("count", pa.int64())])


def store_prior(store: Store, folder: Path) -> TrainingPrior:
    """Return how often each answer was right in a store; where the folder keeps it, no sample is read.

    Args:
        store: training samples.
        folder: keeps the counts, for this very store.

    Raises:
        DataError: a shard is damaged, or the folder cannot be written.
    """
    path = folder / f"prior-v{PRIOR_VERSION}.parquet"
    if not path.is_file():
        _write(path, training_prior(store.without_images()))
    counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in pq.read_table(path, schema=_SCHEMA).to_pylist():
        counts[tuple(row["key"])][row["text"]] = row["count"]
    return TrainingPrior(dict(counts))


def merged(priors: Iterable[TrainingPrior]) -> TrainingPrior:
    """Return the prior of several stores together."""
    counts: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for prior in priors:
        for key, counter in prior.counts.items():
            counts[key].update(counter)
    return TrainingPrior(dict(counts))


def _write(path: Path, prior: TrainingPrior) -> None:
    rows = [(key, text, count) for key, counter in prior.counts.items() for text, count in counter.items()]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    table = pa.table(dict(zip(_SCHEMA.names, map(list, columns), strict=True)), schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())
