"""Source settings to stores: every item once, in order, over the machine's cores, resumable."""

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, SourceSection, Split, VqaRadSource
from doctorsun.data.readers.phantom import phantom_item, phantom_text_item, shapes_item
from doctorsun.data.readers.vqa_rad import Dropped, read_vqa_rad
from doctorsun.schema import Sample
from doctorsun.storage.store import Store, StoreWriter, store_is_complete

Progress = Callable[[int, int | None], None]
GeneratedSource = PhantomSource | PhantomTextSource | ShapesSource
ItemMaker = Callable[[int], Sequence[Sample]]
ITEMS_PER_CALL = 16
MIN_ITEMS_FOR_PROCESSES = 128  # with fewer, starting the processes takes longer than they save


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
    workers: int,
    on_progress: Progress,
) -> Store:
    """Make the store of one split of one source, or go on where a killed run stopped.

    Args:
        name: the source's name.
        section: its settings.
        split: which of its splits.
        folder: where the store goes.
        seed: of generated sources; an item depends on seed, split and its number alone.
        workers: processes that make items at once.
        on_progress: called with items done and, where it is known, items in all.

    Raises:
        DataError: the raw files cannot be read.
    """
    if not store_is_complete(folder):
        step = {"step": "read", **section.model_dump(mode="json"), "split": split, "seed": seed}
        with StoreWriter(folder, name=f"{name}/{split}", step=step) as writer:
            if isinstance(section, VqaRadSource):
                _write_read(writer, read_vqa_rad(Path(section.root or "."), split), on_progress)
            else:
                make, total = _item_maker(section, split, seed)
                _write_made(writer, make, total, workers, on_progress)
    return Store(folder)


def _write_read(writer: StoreWriter, items: Iterator[Sample | Dropped], on_progress: Progress) -> None:
    done = writer.num_items_done
    for count, item in enumerate(islice(items, done, None), start=done + 1):
        if isinstance(item, Dropped):
            writer.drop(item.original_id, item.reason, item.detail)
        else:
            writer.add([item])
        on_progress(count, None)


def _write_made(writer: StoreWriter, make: ItemMaker, total: int, workers: int, on_progress: Progress) -> None:
    left = range(writer.num_items_done, total)
    with _mapped(make, left, workers) as items:
        for done, samples in enumerate(items, left.start + 1):
            writer.add(samples)
            on_progress(done, total)


def _item_maker(section: GeneratedSource, split: Split, seed: int) -> tuple[ItemMaker, int]:
    """Return what makes an item from its number, and how many there are."""
    match section:
        case PhantomSource():
            return partial(_phantom, seed, split, section.modalities), section.num_images[split]
        case ShapesSource():
            return partial(_shapes, seed, split), section.num_images[split]
        case PhantomTextSource():
            return partial(_document, seed, split), section.num_documents[split]


def _phantom(seed: int, split: Split, modalities: Sequence[str], index: int) -> Sequence[Sample]:
    return phantom_item(seed, split, index, modalities)


def _shapes(seed: int, split: Split, index: int) -> Sequence[Sample]:
    return shapes_item(seed, split, index)


def _document(seed: int, split: Split, index: int) -> Sequence[Sample]:
    return phantom_text_item(seed, split, index)


@contextmanager
def _mapped(make: ItemMaker, numbers: range, workers: int) -> Generator[Iterable[Sequence[Sample]]]:
    """Give the items of these numbers in order, made by several processes where that pays."""
    if workers == 1 or len(numbers) < MIN_ITEMS_FOR_PROCESSES:
        yield map(make, numbers)
        return
    # 'spawn' works on every system and never copies the threads of a process that has already computed.
    # Ctrl-C reaches every process of the terminal; the workers leave it to this one, which ends them.
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        yield pool.imap(make, numbers, chunksize=ITEMS_PER_CALL)
