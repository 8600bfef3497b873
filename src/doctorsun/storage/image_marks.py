"""Whether the images of samples and their places in the turns match, told from a few small columns of a store."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool

from doctorsun.storage.store import Store

COLUMNS = ("images.sha256", "messages.role", "messages.content.type")


def rows_with_unmatched_images(store: Store) -> list[int]:
    """Return the positions of the samples with more images than places for them, fewer, or a place in a reply.

    Of a part of a store, too, positions in the whole. No word and no image is read.

    Raises:
        DataError: a shard is damaged.
    """
    found: list[int] = []
    start = 0
    for table in store.tables(COLUMNS):
        found += (start + np.flatnonzero(_is_unmatched(table))).tolist()
        start += len(table)
    return found


def _is_unmatched(table: pa.Table) -> Bool[np.ndarray, " rows"]:
    unmatched = [_of_chunk(batch["images"], batch["messages"]) for batch in _batches(table)]
    return np.concatenate([np.empty(0, dtype=bool), *unmatched])


def _batches(table: pa.Table) -> Iterator[dict[str, pa.ListArray]]:
    for batch in table.to_batches():
        yield {name: batch.column(name) for name in ("images", "messages")}


def _of_chunk(images: pa.ListArray, messages: pa.ListArray) -> Bool[np.ndarray, " rows"]:
    num_images = images.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    row_of_turn = np.repeat(np.arange(len(messages)), messages.value_lengths().fill_null(0))
    turns = messages.flatten()
    parts = turns.field("content")
    turn_of_part = np.repeat(np.arange(len(turns)), parts.value_lengths().fill_null(0))
    is_place = _equal(parts.flatten().field("type"), "image")
    is_reply = _equal(turns.field("role"), "assistant")
    places = turn_of_part[is_place]
    num_places = np.bincount(row_of_turn[places[~is_reply[places]]], minlength=len(images))
    in_replies = np.bincount(row_of_turn[places[is_reply[places]]], minlength=len(images))
    return (num_places != num_images) | (in_replies > 0)


def _equal(values: pa.Array, wanted: str) -> Bool[np.ndarray, " values"]:
    return pc.call_function("equal", [values, wanted]).fill_null(False).to_numpy(zero_copy_only=False)
