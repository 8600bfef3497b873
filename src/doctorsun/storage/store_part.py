"""The part of a store that belongs to one split, without the samples whose images are not here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError
from doctorsun.schema import Sample
from doctorsun.storage.counts import COUNTED_COLUMNS, most_frequent_first
from doctorsun.storage.store import Store


class StorePart(Store):
    """Some samples of a store, at positions of their own.

    Args:
        folder: the store.
        split: what the samples are marked as.
        rows: their positions in the whole store, ascending.
        num_without_images: samples of the split that are left out because they lack an image.
    """

    def __init__(self, folder: Path, split: str, rows: Sequence[int], num_without_images: int) -> None:
        super().__init__(folder)
        self.split = split
        self.rows = rows
        self.num_without_images = num_without_images

    @property
    def sha256(self) -> str:
        """The identity of the part: that of the store, and the split."""
        return f"{super().sha256}/{self.split}"

    def __reduce__(self) -> tuple[Any, ...]:
        return StorePart, (self.folder, self.split, self.rows, self.num_without_images)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        return super().__getitem__(self._row(index))

    def without_bytes(self, index: int) -> Sample:
        """Return a sample with ``bytes`` of its images left out, as the whole store does."""
        return super().without_bytes(self._row(index))

    def without_images(self) -> Iterator[Sample]:
        """Yield every sample of the part with ``bytes`` of its images left out (None)."""
        chosen = set(self.rows)
        return compress(super().without_images(), (row in chosen for row in range(self.manifest.num_rows)))

    def column(self, name: str) -> list[Any]:
        """Return one field of every sample of the part, as the whole store does."""
        values = super().column(name)
        return [values[row] for row in self.rows]

    def counts(self, field: str) -> dict[str, int]:
        """Return how many samples of the part have each value of a counted field, the most frequent first."""
        return most_frequent_first(Counter(self.column(COUNTED_COLUMNS[field])))

    def rows_without_images(self) -> list[int]:
        """Return no positions: such samples are left out."""
        return []

    def _row(self, index: int) -> int:
        if not 0 <= index < len(self.rows):
            raise IndexError(index)
        return self.rows[index]


def open_split(folder: Path, split: str) -> Store:
    """Return the samples of a store that are marked as a split and have their images; all of it where all do.

    Raises:
        DataError: there is no complete store, it holds no sample of the split, or none with its images.
    """
    store = Store(folder)
    held = store.counts("split")
    if split not in held:
        raise no_such_split(folder, split, held)
    lacking = set(store.rows_without_images())
    if not lacking and len(held) == 1:
        return store
    marked = [row for row, each in enumerate(store.column("source.split")) if each == split]
    rows = [row for row in marked if row not in lacking]
    if not rows:
        raise DataError(
            f"the split '{split}' of store {folder}",
            got=f"{len(marked):,} samples, none of them with its images",
            expected="samples with their images",
            do="make the store again where the images are",
        )
    return store if len(rows) == len(store) else StorePart(folder, split, rows, len(marked) - len(rows))


def open_held_out(folder: Path) -> Store:
    """Return the samples of a store that may be asked: those of its only split, or of several those of ``test``.

    Raises:
        DataError: there is no complete store, it holds several splits without ``test``, or none with its images.
    """
    held = Store(folder).counts("split")
    return open_split(folder, next(iter(held)) if len(held) == 1 else "test")


def no_such_split(folder: Path, split: str, held: dict[str, int]) -> DataError:
    """Return what is wrong with a store that holds other splits only."""
    return DataError(
        f"store {folder} holds no sample of the split '{split}'",
        got=", ".join(f"{number:,} of '{name}'" for name, number in held.items()) or "no samples",
        expected=f"samples marked '{split}'",
        do="name another store, or ask for a split that it holds",
    )
