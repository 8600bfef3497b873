"""The samples of a store as the search reads them: their traces, kept by the store's hash, and the samples again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from doctorsun.data.leak.trace import TRACE_VERSION, Look, Trace, look_of, read_traces, traced, words_of, write_traces
from doctorsun.schema import Sample
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.store import Store

ROWS_PER_PART = 2048
_NEIGHBOURS = 64
_MOST_LOOKS = 2**16  # some 20 MiB; samples of one image are neighbours


class StoreRows:
    """Reads samples of a store again, by their places in one part of its traces.

    Args:
        store: the samples.
        first: place of the part's first sample in the store.
    """

    def __init__(self, store: Store, first: int) -> None:
        self._store = store
        self._first = first

    def picture(self, place: int, number: int) -> bytes | None:
        """Return an encoded image; None where it is not here."""
        return self._store[self._first + place].images[number].bytes

    def words(self, place: int) -> str:
        """Return the text of all turns, one per line."""
        return words_of(self._store.without_bytes(self._first + place))


def store_traces(store: Store, folder: Path, *, with_looks: bool) -> Iterator[list[Trace]]:
    """Yield the traces of a store's samples, some thousand at a time; those in the folder are not made again.

    Args:
        store: the samples.
        folder: keeps them, for this very store; every part is complete or not there.
        with_looks: look at the images too, which takes some milliseconds each.

    Raises:
        DataError: a shard is damaged, or the folder cannot be written, or another search is just writing it.
        MachineError: the disk is full.
    """
    known: dict[str, Look] = {}
    with ThreadPoolExecutor() as threads:
        for start in range(0, len(store), ROWS_PER_PART):
            words, looks = (folder / f"{name}-v{TRACE_VERSION}-{start:09d}.parquet" for name in ("words", "looks"))
            path = looks if with_looks or looks.is_file() else words  # looks come with the words
            if not path.is_file():
                if len(known) > _MOST_LOOKS:
                    known.clear()
                rows = range(start, min(start + ROWS_PER_PART, len(store)))
                with one_writer(path, "search of this store"):
                    read = store.__getitem__ if with_looks else store.without_bytes
                    write_traces(path, list(_traced(map(read, rows), known, threads)))
            yield read_traces(path)
            store.forget()  # one pass: what is kept of all stores would be gigabytes


def _traced(samples: Iterator[Sample], known: dict[str, Look], threads: ThreadPoolExecutor) -> Iterator[Trace]:
    """Yield the traces of samples; only looking at images, which leaves the interpreter free, is shared by threads."""
    while neighbours := list(islice(samples, _NEIGHBOURS)):
        images = (image for sample in neighbours for image in sample.images)
        new = {image.sha256: image for image in images if image.sha256 and image.sha256 not in known}
        known.update(zip(new, threads.map(look_of, new.values()), strict=True))
        yield from (traced(sample, known) for sample in neighbours)
