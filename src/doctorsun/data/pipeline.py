"""Source settings to stores: every item once, in order, resumable."""

import json
import os
import shutil
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, SourceSection, Split, VqaRadSource
from doctorsun.data.readers.item import Dropped, Item, Reader
from doctorsun.data.readers.phantom import DrawnReader, phantom_item, phantom_text_item, shapes_item
from doctorsun.data.readers.vqa_rad import VqaRadReader
from doctorsun.errors import DataError, MachineError
from doctorsun.storage.store import Store, StoreWriter, store_is_complete, store_steps

Progress = Callable[[int, int | None], None]
GeneratedSource = PhantomSource | PhantomTextSource | ShapesSource
CHUNK = 16
CHUNKS_AHEAD = 2  # per worker: enough that none waits for the writer, few enough that memory stays flat


def splits_of(section: SourceSection) -> tuple[Split, ...]:
    """Return the splits that a source has."""
    match section:
        case PhantomSource() | ShapesSource():
            return tuple(section.num_images)
        case PhantomTextSource():
            return tuple(section.num_documents)
        case VqaRadSource():
            return ("train", "validation", "test")
        case _:
            return tuple(section.splits)


def build_store(
    name: str,
    section: GeneratedSource | VqaRadSource,
    split: Split,
    folder: Path,
    *,
    seed: int,
    on_progress: Progress,
) -> Store:
    """Make the store of one split of one source, or go on where a killed run stopped; one of other settings goes.

    Args:
        name: the source's name.
        section: its settings.
        split: which of its splits.
        folder: where the store goes.
        seed: of generated sources; an item depends on seed, split and its number alone.
        on_progress: called with items done and, where it is known, items in all.

    Raises:
        DataError: the raw files cannot be read.
    """
    step = _step(section, split, seed)
    if _steps_in(folder) not in ((), (step,)):
        shutil.rmtree(folder)
    if store_is_complete(folder):
        return Store(folder)
    reader, total = _open(section, split, seed)
    return read_into(
        folder,
        reader,
        name=f"{name}/{split}",
        step=step,
        on_progress=lambda done, _: on_progress(done, total),
    )


def read_into(
    folder: Path, reader: Reader[Any], *, name: str, step: dict[str, Any], workers: int = 1, on_progress: Progress
) -> Store:
    """Make a store of everything that a reader reads, or go on where a killed run stopped.

    Args:
        folder: where the store goes.
        reader: the opened source.
        name: of the store.
        step: what the store depends on: the source and its settings.
        workers: processes that make items; the store is the same whatever their number.
        on_progress: called with items done and None.

    Raises:
        DataError: the source cannot be read, or the folder holds another store.
        MachineError: a worker process was killed, or the disk is full; complete shards stay.
    """
    if store_is_complete(folder):
        if store_steps(folder) == (json.loads(json.dumps(step)),):
            return Store(folder)
        raise DataError(
            f"{folder} is the complete store of another source, or of other settings",
            got=f"the name '{Store(folder).manifest.name}'",
            expected="a new folder",
            do="name another one, or remove it to write it again",
        )
    with StoreWriter(folder, name=name, step=step) as writer:
        pending = islice(reader.pending(), writer.num_items_done, None)
        if workers == 1:
            _write(writer, map(reader.make, pending), on_progress)
        else:
            with _pool(workers, reader) as pool:
                _write(writer, _made_by(pool, pending, workers), on_progress)
    return Store(folder)


def is_made(section: GeneratedSource | VqaRadSource, split: Split, folder: Path, *, seed: int) -> bool:
    """Tell whether the store of a split is complete and was made with these settings.

    Raises:
        DataError: its manifest is damaged.
    """
    return store_is_complete(folder) and _steps_in(folder) == (_step(section, split, seed),)


def _step(section: GeneratedSource | VqaRadSource, split: Split, seed: int) -> dict[str, Any]:
    """Return what the store of one split depends on; the sizes of other splits are none of it."""
    return _of_split({"step": "read", **section.model_dump(mode="json"), "split": split, "seed": seed})


def _steps_in(folder: Path) -> tuple[dict[str, Any], ...]:
    return tuple(_of_split(step) for step in store_steps(folder))


def _of_split(step: dict[str, Any]) -> dict[str, Any]:
    split = step.get("split")
    sizes = {key: {split: step[key][split]} for key in ("num_images", "num_documents") if key in step}
    return step | sizes


def _write(writer: StoreWriter, items: Iterable[Item], on_progress: Progress) -> None:
    for count, item in enumerate(items, start=writer.num_items_done + 1):
        if isinstance(item, Dropped):
            writer.drop(item.original_id, item.reason, item.detail)
        else:
            writer.add(item)
        on_progress(count, None)


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


def _made_by(pool: Executor, pending: Iterator[Any], workers: int) -> Iterator[Item]:
    """Yield the items in order while later ones are in the making; only so many wait at a time."""
    waiting: deque[Future[list[Item]]] = deque()
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


def _make_chunk(chunk: tuple[Any, ...]) -> list[Item]:
    return [_worker["reader"].make(pending) for pending in chunk]


def _open(section: GeneratedSource | VqaRadSource, split: Split, seed: int) -> tuple[Reader[Any], int | None]:
    """Return the reader of one split of a source, and the number of its items where it is known."""
    match section:
        case PhantomSource():
            draw = partial(phantom_item, seed, split, modalities=section.modalities)
            return DrawnReader(draw, section.num_images[split]), section.num_images[split]
        case ShapesSource():
            return DrawnReader(partial(shapes_item, seed, split), section.num_images[split]), section.num_images[split]
        case PhantomTextSource():
            num = section.num_documents[split]
            return DrawnReader(partial(phantom_text_item, seed, split), num), num
        case VqaRadSource():
            return VqaRadReader(Path(section.root or "."), split), None
