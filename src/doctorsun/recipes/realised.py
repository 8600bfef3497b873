"""What a stage really learns from: samples and tokens by source, data set, domain and language."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from doctorsun.errors import DataError
from doctorsun.processor.processor import Processor
from doctorsun.storage.store import Store
from doctorsun.train.plan import StagePlan

FIELDS = ("source", "dataset", "domain", "language")
SHOWN_FIELDS = ("source", "domain", "language")
BLOCKS, BLOCK_ROWS = 16, 4
"""Tokens are counted in so many places of a group, so many samples each: neighbours are read together."""
Row = dict[str, Any]


def realised_mixture(plan: StagePlan, processor: Processor | None) -> list[Row]:
    """Return the samples and tokens of a whole stage for each source, data set, domain and language.

    Samples are exact. Tokens, those of images included, are the samples times the mean over up to 64 of them; None
    where there is no processor.
    """
    known: dict[int, list[tuple[str, str, str]]] = {}
    totals: dict[tuple[str, ...], list[float]] = {}
    for index, (pool, number) in enumerate(zip(plan.pools, plan.taken(plan.num_steps), strict=True)):
        if id(pool.store) not in known:
            columns = (pool.store.column(name) for name in ("source.dataset", "domain", "language"))
            known[id(pool.store)] = list(zip(*columns, strict=True))
        times = pool.times_taken((plan.seed, index), number)
        rows_of: dict[tuple[str, str, str], list[int]] = {}
        for row in np.flatnonzero(times):
            rows_of.setdefault(known[id(pool.store)][row], []).append(int(row))
        for values, rows in rows_of.items():
            samples = int(times[rows].sum())
            tokens = samples * _mean_tokens(pool.store, rows, processor) if processor else 0.0
            total = totals.setdefault((pool.name, *values), [0.0, 0.0])
            total[0], total[1] = total[0] + samples, total[1] + tokens
    return [
        {
            **dict(zip(FIELDS, key, strict=True)),
            "samples": int(samples),
            "tokens": round(tokens) if processor else None,
        }
        for key, (samples, tokens) in sorted(totals.items())
    ]


def shares_by(rows: Sequence[Row], field: str) -> list[Row]:
    """Return for each value of a field its samples and tokens, and their shares; the largest first."""
    names = dict.fromkeys(row[field] for row in rows)
    sums = {name: [_total([row for row in rows if row[field] == name], key) for key in _COUNTS] for name in names}
    totals = [_total(rows, key) for key in _COUNTS]
    found = [
        {
            field: name,
            "samples": samples,
            "sample_share": samples / (totals[0] or 1),
            "tokens": tokens if totals[1] else None,
            "token_share": tokens / totals[1] if totals[1] else None,
        }
        for name, (samples, tokens) in sums.items()
    ]
    return sorted(found, key=lambda row: (-row["samples"], row[field]))


def ratio_lines(rows: Sequence[Row]) -> list[str]:
    """Write the shares of samples, and in brackets of tokens, by each field that has several values."""
    found = [shares_by(rows, field) for field in SHOWN_FIELDS]
    return [
        ", ".join(_words(field, row) for row in shares)
        for field, shares in zip(SHOWN_FIELDS, found, strict=True)
        if len(shares) > 1
    ]


def share_tables(mixtures: Mapping[str, Sequence[Row] | None]) -> list[list[Row]]:
    """Return one table each by source, domain and language, of the stages whose mixtures are known."""
    tables = [
        [
            {
                "stage": name,
                field: row[field],
                "samples": row["samples"],
                "sample_share": _percent(row["sample_share"]),
                "sample_tokens": row["tokens"],
                "token_share": _percent(row["token_share"]),
            }
            for name, rows in mixtures.items()
            for row in shares_by(rows or (), field)
        ]
        for field in SHOWN_FIELDS
    ]
    return [table for table in tables if table]


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


_COUNTS = ("samples", "tokens")


def _total(rows: Sequence[Row], key: str) -> int:
    return sum(row[key] or 0 for row in rows)


def _words(field: str, row: Row) -> str:
    tokens = "" if row["token_share"] is None else f" ({row['token_share']:.1%} of tokens)"
    return f"{row[field]} {row['sample_share']:.1%}{tokens}"


def _mean_tokens(store: Store, rows: Sequence[int], processor: Processor) -> float:
    chosen = np.array(rows)[_places(len(rows))]
    return float(np.mean([_num_tokens(processor, store, int(row)) for row in chosen]))


def _places(size: int) -> Int64[np.ndarray, " places"]:
    """Return places spread evenly, in blocks of neighbours; all of them where they are few."""
    if size <= BLOCKS * BLOCK_ROWS:
        return np.arange(size)
    starts = np.linspace(0, size - BLOCK_ROWS, BLOCKS).astype(np.int64)
    return np.unique(starts[:, None] + np.arange(BLOCK_ROWS))


def _num_tokens(processor: Processor, store: Store, row: int) -> int:
    try:
        return len(processor.render(store.without_bytes(row)).ids)
    except DataError:  # quarantined when it is learnt from
        return 0
