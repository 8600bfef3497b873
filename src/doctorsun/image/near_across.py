"""All pairs of near fingerprints across two sides of millions, the larger of which lies in a file."""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.dealt import Dealt, Longs, Places, Table
from doctorsun.image.fingerprint import NEAR_BITS
from doctorsun.image.near import NO_PAIRS, Pairs, of_all_words

_NUMBER_BITS = 8


class Met(NamedTuple):
    """Pairs of near fingerprints, by the first of them.

    Attributes:
        owners: of the fingerprint that was sought.
        numbers: of it.
        places: of what it met among the others.
    """

    owners: Places
    numbers: Places
    places: Places


class Sought:
    """Fingerprints that will be sought among others, in a file: 40 bytes each.

    Args:
        file: an empty one, to be written and read; the caller closes it.
        bits: the largest number of bits in which near ones differ; at most 126.
    """

    def __init__(self, file: BinaryIO, bits: int = NEAR_BITS) -> None:
        self.bits = bits
        self._file = file
        self._sizes: list[int] = []

    def add(self, prints: NDArray[np.uint8], owners: NDArray[np.integer], numbers: NDArray[np.integer]) -> None:
        """Add some.

        Args:
            prints: [n, 32].
            owners: whose each is.
            numbers: of each, below 256.
        """
        labels = owners.astype(np.int64) << _NUMBER_BITS | numbers.astype(np.int64)
        block = np.concatenate([Dealt.of(prints, self.bits).longs, labels[None].view(np.uint64)])
        self._file.write(block.tobytes())
        self._file.flush()
        self._sizes.append(block.nbytes)

    def blocks(self) -> Iterator[tuple[Longs, Places]]:
        """Yield what was added, dealt out, with the labels; several threads may do so."""
        start = 0
        for size in self._sizes:
            block = np.frombuffer(os.pread(self._file.fileno(), size, start), dtype=np.uint64).reshape(5, -1)
            yield block[:-1], block[-1].view(np.int64)
            start += size


def near_across(sought: Sought, others: NDArray[np.uint8], owners: NDArray[np.integer]) -> Met:
    """Return the pairs of one fingerprint of each side that differ in few bits, and are of two owners.

    Found as by `near_within`, which tells the source.

    Args:
        sought: the one side.
        others: [n, 32].
        owners: whose each of the others is.
    """
    dealt = Dealt.of(others, sought.bits)
    labels, places = of_all_words(sought.bits, lambda pair: _in_common(sought, dealt, pair, owners))
    return Met(labels >> _NUMBER_BITS, labels & ((1 << _NUMBER_BITS) - 1), places)


def _in_common(sought: Sought, others: Dealt, pair: tuple[int, int], owners: NDArray[np.integer]) -> Pairs:
    """Return the near pairs whose first two words in common are these: label and place."""
    table, elsewhere = Table.of(others, pair), others.elsewhere(pair)
    found = [NO_PAIRS]
    for longs, labels in sought.blocks():
        keys = others.keys_of(pair, longs, table.key_bits)
        for query, place in table.met(longs[elsewhere], table.bounds[keys], table.bounds[keys + 1], sought.bits):
            strange = np.flatnonzero(labels[query] >> _NUMBER_BITS != owners[place])
            first, second = query[strange], place[strange]
            apart = longs[:, first] ^ others.longs[:, second]
            near = np.flatnonzero(np.bitwise_count(apart).sum(axis=0, dtype=np.uint16) <= sought.bits)
            near = near[others.have_first_in_common(pair, apart[:, near])]
            found.append((labels[first[near]], second[near].astype(np.int64)))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])
