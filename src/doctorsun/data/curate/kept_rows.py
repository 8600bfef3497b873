"""The rows of a store that are kept, as Arrow tables: with new words and splits, and with their images as they were."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from doctorsun.storage.store_schema import SAMPLE_SCHEMA
from doctorsun.storage.store_writer import IMAGE_BYTES_PER_GROUP, ROWS_PER_GROUP

pc: Any = compute
"""Its functions are made when it is imported, where no type checker sees them."""


def kept_rows(table: pa.Table, first_place: int, decided: pa.Table, changed: pa.Table) -> pa.Table:
    """Return the rows that are kept.

    Args:
        table: rows under `SAMPLE_SCHEMA`.
        first_place: the place of its first row; the others follow.
        decided: for each row a split, or null where it goes.
        changed: rows whose words changed, by their ``place``, without images.
    """
    rows = np.flatnonzero(decided["split"].is_valid().to_numpy())
    order = pc.index_in(pa.array(rows + first_place), changed["place"].combine_chunks())
    newer = pc.add(order, len(table)).cast(pa.int64())
    chosen = pc.coalesce(newer, pa.array(rows))
    columns: dict[str, Any] = {
        name: pa.chunked_array([*table[name].chunks, *changed[name].chunks]).take(chosen).combine_chunks()
        for name in SAMPLE_SCHEMA.names
        if name != "images"
    }
    columns["images"] = table["images"].take(pa.array(rows))
    columns["source"] = _with_split(columns["source"], decided["split"].drop_null().combine_chunks())
    return pa.table([columns[name] for name in SAMPLE_SCHEMA.names], schema=SAMPLE_SCHEMA)


def regrouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join small tables to row groups as large as those of a store."""
    waiting: list[pa.Table] = []
    num_rows = num_bytes = 0
    for table in tables:
        if waiting and (num_rows + len(table) > ROWS_PER_GROUP or num_bytes + table.nbytes > IMAGE_BYTES_PER_GROUP):
            yield pa.concat_tables(waiting)
            waiting, num_rows, num_bytes = [], 0, 0
        if len(table):
            waiting.append(table)
            num_rows, num_bytes = num_rows + len(table), num_bytes + table.nbytes
    if waiting:
        yield pa.concat_tables(waiting)


def _with_split(source: Any, splits: pa.Array) -> pa.Array:
    fields = list(source.type)
    values = [splits if each.name == "split" else pc.struct_field(source, each.name) for each in fields]
    return pa.StructArray.from_arrays(values, fields=fields)
