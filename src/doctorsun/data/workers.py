"""Processes that make the items of a source: begun together, ended together, their items in the order of the source.

It imports little: every new process imports it, and what its reader needs, before the first item.
"""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import islice
from typing import Any

from doctorsun.data.process_pool import process_pool
from doctorsun.data.readers.item import Dropped, Reader
from doctorsun.storage.inputs import digest_of
from doctorsun.storage.sample_row import SampleRow, sample_row

CHUNK = 16
CHUNKS_AHEAD = 2  # per worker at least: of items of any size, so many wait in memory for the process that writes
MAX_CHUNKS_AHEAD = 32  # per worker: while the writer closes a shard, which takes a second, none need wait for it
SIZE_AHEAD = 2**26


@dataclass(frozen=True)
class MadeItem:
    """An item as rows of a store, or why there are none, and `digest_of` what it was made from."""

    rows: list[SampleRow] | Dropped
    made_from: bytes

    @property
    def size(self) -> int:
        """Bytes of its encoded images, and characters of its turns."""
        rows = [] if isinstance(self.rows, Dropped) else self.rows
        images = sum(len(image["bytes"] or b"") for row in rows for image in row["images"])
        return images + sum(len(part["text"]) for row in rows for turn in row["messages"] for part in turn["content"])


def make_item(reader: Reader[Any], pending: Any) -> MadeItem:
    """Make one item."""
    item = reader.make(pending)
    rows = item if isinstance(item, Dropped) else [sample_row(sample) for sample in item]
    return MadeItem(rows, digest_of(pending))


def made_items(reader: Reader[Any], pending: Iterator[Any], workers: int) -> Generator[MadeItem]:
    """Yield the items in order, made by so many processes; close it to end them early.

    Raises:
        DataError: the source cannot be read.
        MachineError: a process was killed.
    """
    if workers == 1:
        for each in pending:
            yield make_item(reader, each)
        return
    with process_pool(workers, _hold, reader) as pool:
        yield from _made_by(pool, pending, workers)


def _made_by(pool: Executor, pending: Iterator[Any], workers: int) -> Iterator[MadeItem]:
    """Yield the items while later ones are in the making; only so many, and of so many bytes, wait at a time."""
    waiting: deque[Future[list[MadeItem]]] = deque()
    ahead = workers * CHUNKS_AHEAD
    while chunk := tuple(islice(pending, CHUNK)):
        waiting.append(pool.submit(_make_chunk, chunk))
        while len(waiting) > ahead:
            items = waiting.popleft().result()
            ahead = workers * chunks_ahead(items, workers)
            yield from items
    while waiting:
        yield from waiting.popleft().result()


def chunks_ahead(items: list[MadeItem], workers: int) -> int:
    """Return how many chunks per worker may wait, if they are as large as this one."""
    fitting = SIZE_AHEAD // (1 + sum(item.size for item in items)) // workers
    return max(CHUNKS_AHEAD, min(fitting, MAX_CHUNKS_AHEAD))


_worker: dict[str, Reader[Any]] = {}  # what a worker process holds: a reader may know where a million images lie


def _hold(reader: Reader[Any]) -> None:
    _worker["reader"] = reader


def _make_chunk(chunk: tuple[Any, ...]) -> list[MadeItem]:
    return [make_item(_worker["reader"], pending) for pending in chunk]
