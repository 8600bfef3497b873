"""The sketches of all samples: they stay in their files, and a step reads of them what it asks for."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Part = Callable[[Sequence[str]], pa.Table]
"""Reads some columns of some sketches, rows under `SKETCH_SCHEMA`."""

_DIGEST_BYTES = 16  # tell values apart: among millions, no two have one by chance


class Sketches:
    """The sketches of all samples that are left, in order of their places.

    Args:
        parts: read the sketches, one part after the other.
        left: which rows of all parts are left; every one by default.
    """

    def __init__(self, parts: Sequence[Part], left: NDArray[np.bool_] | None = None) -> None:
        self._parts = tuple(parts)
        self._left = left

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """The place of each row among all rows."""
        return self.numbers("place", np.int64)

    def tables(self, *names: str) -> Iterator[pa.Table]:
        """Yield some columns, part by part."""
        start = 0
        for part in self._parts:
            table = part(names)
            end = start + table.num_rows
            yield table if self._left is None else table.filter(pa.array(self._left[start:end]))
            start = end

    def numbers(self, name: str, kind: type[np.generic]) -> NDArray[Any]:
        """Return a column of numbers as such of a kind."""
        return np.concatenate(
            [np.empty(0, kind), *(table[name].to_numpy().astype(kind) for table in self.tables(name))]
        )

    def lengths(self, name: str) -> NDArray[np.int64]:
        """Return how many values a column of lists has in each row."""
        lengths = [table[name].combine_chunks().value_lengths().to_numpy() for table in self.tables(name)]
        return np.concatenate([np.empty(0, np.int64), *lengths])

    def codes(self, *names: str) -> NDArray[np.int64]:
        """Return columns, one after the other, as numbers from 0, equal where their values are; -1 of empty ones.

        Of a column of lists all values count.
        """
        places, digests, num = [np.empty(0, np.int64)], [np.empty((0, 2), np.uint64)], 0
        for name in names:
            for table in self.tables(name):
                coded = flat(table, name).dictionary_encode()
                places.append(coded.indices.to_numpy().astype(np.int64) + num)
                digests.append(digests_of(coded.dictionary))
                num += len(coded.dictionary)
        values = np.concatenate(digests)
        codes = np.where(values.any(axis=1), numbered(values), -1)
        return codes[np.concatenate(places)]

    def digests(self, name: str) -> NDArray[np.uint8]:
        """Return a column of digests as bytes, [n, width]."""
        found = [bytes_of(flat(table, name)) for table in self.tables(name)]
        return np.concatenate(found) if found else np.empty((0, _DIGEST_BYTES), dtype=np.uint8)

    def values(self, name: str, rows: Sequence[int] | NDArray[np.int64]) -> dict[int, Any]:
        """Return what a column holds in a few rows."""
        sought, found, start = np.unique(np.asarray(rows, dtype=np.int64)), dict[int, Any](), 0
        for table in self.tables(name) if len(sought) else ():
            first, last = np.searchsorted(sought, [start, start + table.num_rows])
            own = sought[first:last]
            found |= zip(own.tolist(), table[name].take(pa.array(own - start)).to_pylist(), strict=True)
            start += table.num_rows
        return found

    def at(self, rows: NDArray[np.int64]) -> "Sketches":
        """Return the sketches of some rows alone, in the order that they have."""
        is_one = np.zeros(len(self), dtype=np.bool_)
        is_one[rows] = True
        if self._left is None:
            return Sketches(self._parts, is_one)
        left = self._left.copy()
        left[left] = is_one
        return Sketches(self._parts, left)

    def without(self, places: Sequence[int] | NDArray[np.int64]) -> "Sketches":
        """Return the sketches but those at some places."""
        return self.at(np.flatnonzero(~np.isin(self.places, np.asarray(places, dtype=np.int64))))


def flat(table: pa.Table, name: str) -> pa.Array:
    """Return the values of a column; those of all lists, one after the other."""
    column = table[name].combine_chunks()
    return column.flatten() if pa.types.is_list(column.type) else column


def bytes_of(digests: pa.FixedSizeBinaryArray) -> NDArray[np.uint8]:
    """Return digests of one width as bytes, [n, width]; those that are null as whatever stands there."""
    width = digests.type.byte_width
    data = np.frombuffer(digests.buffers()[1] or b"", dtype=np.uint8)
    return data.reshape(-1, width)[digests.offset : digests.offset + len(digests)]


def digests_of(values: pa.Array) -> NDArray[np.uint64]:
    """Return digests of words or of longer digests, [n, 2]: equal where the values are; zeros of empty words."""
    if pa.types.is_fixed_size_binary(values.type):
        return np.ascontiguousarray(bytes_of(values)[:, :_DIGEST_BYTES]).view(np.uint64)
    digests = b"".join(digest_of(value) if value else bytes(_DIGEST_BYTES) for value in values.to_pylist())
    return np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2)


def digest_of(words: str) -> bytes:
    """Return the digest of words."""
    return hashlib.blake2b(words.encode(), digest_size=_DIGEST_BYTES).digest()


def numbered(digests: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return digests as numbers from 0, equal where they are, in the order in which they come first."""
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (digests[order[1:]] != digests[order[:-1]]).any(axis=1)
    firsts = order[is_first]  # where each comes first, for the sort keeps the order of equal ones
    numbers = np.empty(len(firsts), dtype=np.int64)
    numbers[np.argsort(firsts)] = np.arange(len(firsts))
    codes = np.empty(len(order), dtype=np.int64)
    codes[order] = numbers[np.cumsum(is_first) - 1]
    return codes
