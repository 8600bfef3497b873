"""Processes that make the items of a source: begun together, ended together, their items in the order of the source.

It imports little: every new process imports it, and what its reader needs, before the first item.
"""

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from doctorsun.data.readers.item import Dropped, Reader
from doctorsun.errors import MachineError
from doctorsun.storage.inputs import digest_of
from doctorsun.storage.sample_row import SampleRow, sample_row

CHUNK = 16
CHUNKS_AHEAD = 2  # per worker: enough that none waits for the writer, few enough that memory stays flat


@dataclass(frozen=True)
class MadeItem:
    """An item as rows of a store, or why there are none, and `digest_of` what it was made from."""

    rows: list[SampleRow] | Dropped
    made_from: bytes


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
    with _pool(workers, reader) as pool:
        yield from _made_by(pool, pending, workers)


@contextmanager
def _pool(workers: int, reader: Reader[Any]) -> Generator[Executor]:
    """Start processes that hold the reader; what they have not begun is not done when the block ends early."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker, (reader,))
    try:
        yield pool
    except BrokenExecutor as error:
        raise MachineError(
            "a worker process was killed",
            expected="room in memory for every worker",
            do="run the command again with fewer --workers; it goes on where it stopped",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _made_by(pool: Executor, pending: Iterator[Any], workers: int) -> Iterator[MadeItem]:
    """Yield the items while later ones are in the making; only so many wait at a time."""
    waiting: deque[Future[list[MadeItem]]] = deque()
    while chunk := tuple(islice(pending, CHUNK)):
        waiting.append(pool.submit(_make_chunk, chunk))
        if len(waiting) > workers * CHUNKS_AHEAD:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


_worker: dict[str, Reader[Any]] = {}  # what a worker process holds: a reader may know where a million images lie


def _begin_worker(reader: Reader[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that writes
    Thread(target=_end_with_parent, daemon=True).start()
    _worker["reader"] = reader


def _end_with_parent() -> None:
    """End this process when the one that started it is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make_chunk(chunk: tuple[Any, ...]) -> list[MadeItem]:
    return [make_item(_worker["reader"], pending) for pending in chunk]
