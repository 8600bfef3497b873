"""The tokens of every sample of a store: rendered once without opening an image, kept in the run's folder."""

import hashlib
import io
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from doctorsun.errors import DataError
from doctorsun.processor.processor import Processor
from doctorsun.recipes.machine import num_cores
from doctorsun.schema import Sample
from doctorsun.storage.atomic import write_bytes
from doctorsun.storage.store import Store
from doctorsun.train.replies import shortened

CHUNK_ROWS = 256
CHUNKS_AHEAD = 4
INDEX_VERSION = 1
"""Goes up with every change of rendering that gives samples other lengths."""

CountTokens = Callable[[Sample], int]


class LengthIndex:
    """Counts the tokens of stores, each once.

    Args:
        folder: where the counts are kept.
        count: the tokens of a sample, as a stage learns from it.
        settings: names all that ``count`` depends on.
        num_threads: that count at the same time; one for each core when None.
    """

    def __init__(self, folder: Path, count: CountTokens, settings: str, *, num_threads: int | None = None) -> None:
        self.folder = folder
        self.count = count
        self.settings = settings
        self.num_threads = num_threads or num_cores()

    def of(self, store: Store) -> Int64[np.ndarray, " rows"]:
        """Return the tokens of every row of a store; 0 where a row cannot be read or rendered."""
        key = hashlib.sha256(f"{INDEX_VERSION} {store.sha256} {self.settings}".encode()).hexdigest()
        path = self.folder / f"{key[:16]}.npy"
        kept = _read(path, len(store))
        if kept is None:
            kept = np.concatenate([np.empty(0, dtype=np.int64), *self._counted(store)])
            buffer = io.BytesIO()
            np.save(buffer, kept, allow_pickle=False)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(path, buffer.getvalue())
        return kept

    def _counted(self, store: Store) -> Iterator[Int64[np.ndarray, " chunk"]]:
        """Yield the tokens of one chunk of rows after the other; few chunks are in memory at a time."""
        with ThreadPoolExecutor(self.num_threads, thread_name_prefix="lengths") as executor:
            ahead: deque[Future[Int64[np.ndarray, " chunk"]]] = deque()
            for start in range(0, len(store), CHUNK_ROWS):
                ahead.append(executor.submit(self._chunk, store, start))
                if len(ahead) > self.num_threads * CHUNKS_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _chunk(self, store: Store, start: int) -> Int64[np.ndarray, " chunk"]:
        rows = range(start, min(start + CHUNK_ROWS, len(store)))
        return np.array([self._one(store, row) for row in rows], dtype=np.int64)

    def _one(self, store: Store, row: int) -> int:
        try:
            return self.count(store.without_bytes(row))
        except DataError:  # set aside with its reason when it is learnt from
            return 0


def reply_lengths(folder: Path, processor: Processor, *, max_length: int) -> LengthIndex:
    """Return an index of the tokens that samples have in a stage that learns replies.

    Args:
        folder: where the counts are kept.
        processor: of the stage, its template included.
        max_length: of the stage: samples end before it.
    """
    digest = hashlib.sha256(processor.tokenizer.to_str().encode())
    template = processor.template
    facts = (template.source, template.bos_token, template.eos_token, processor.num_visual_tokens, max_length)
    digest.update(repr(facts).encode())
    return LengthIndex(folder, lambda sample: _num_tokens(processor, sample, max_length), digest.hexdigest())


def _num_tokens(processor: Processor, sample: Sample, max_length: int) -> int:
    """Return the tokens of a sample without the turns that are too much; 0 where it is left out."""
    whole = processor.render(sample)
    rendered = shortened(whole, max_length) if whole.supervised.any() else None
    return len(rendered.ids) if rendered else 0


def _read(path: Path, num_rows: int) -> Int64[np.ndarray, " rows"] | None:
    """Return counts that were kept; None where there are none, or they are damaged."""
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.shape == (num_rows,) and kept.dtype == np.int64 else None
