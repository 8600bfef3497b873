"""The samples of a store as the search reads them: their traces, kept by the store's hash, and the samples again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from doctorsun.data.leak.trace import TRACE_VERSION, Look, Trace, read_traces, traced, words_of, write_traces
from doctorsun.storage.only_writer import one_writer
from doctorsun.storage.store import Store

ROWS_PER_PART = 2048
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
    read = store.__getitem__ if with_looks else store.without_bytes
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
                    write_traces(path, list(threads.map(lambda row: traced(read(row), known), rows)))
            yield read_traces(path)
