"""All pairs of near fingerprints, among millions, or between a few and millions."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.dealt import EQUAL_WORDS, Dealt, Longs, Places, Table, chunks
from doctorsun.image.fingerprint import NEAR_BITS

Pairs = tuple[Places, Places]
"""Of each pair the one, and the other."""

_FEW = 64
_MOST_THREADS = 4  # each needs some 24 bytes per fingerprint
NO_PAIRS: Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


def near_within(fingerprints: NDArray[np.uint8], bits: int = NEAR_BITS) -> Pairs:
    """Return the pairs of fingerprints that differ in at most so many bits, each once, the smaller place first.

    The 256 bits are dealt out to ``bits + 2`` words. Two fingerprints that differ in ``bits`` bits have two words in
    common at least, so that only those need be compared that agree in one of the pairs of words. With 24 bits these
    are 325 sorted tables with keys of 19 or 20 bits: n² / 2 / 2,700 comparisons of 32 bytes where bits fall evenly,
    some times more on real pictures, instead of n² / 2.

    Args:
        fingerprints: [n, 32].
        bits: the largest number of bits that differ.

    Raises:
        ValueError: ``bits`` leaves words without a bit.

    Source:
        Norouzi, Punjani and Fleet 2012, Fast Search in Hamming Space with Multi-Index Hashing.
    """
    dealt = Dealt.of(fingerprints, bits)
    return of_all_words(bits, lambda pair: _in_common(dealt, pair, bits))


def near_between(
    ones: NDArray[np.uint8], others: NDArray[np.uint8], bits: int = NEAR_BITS
) -> tuple[Places, Places, Places]:
    """Return the pairs of one fingerprint of each side that differ in at most so many bits, and in how many.

    All are compared, some hundred million pairs a second: most differ in too many of their first 64 bits already.

    Args:
        ones: [n, 32].
        others: [m, 32].
        bits: the largest number of bits that differ.

    Returns:
        Places in ``ones``, places in ``others``, bits; by the first, then the nearest first.
    """
    longs, columns = _longs(ones), np.ascontiguousarray(_longs(others).T)
    found = [np.empty((3, 0), dtype=np.int64)]
    for start in range(0, len(longs), _FEW):
        apart = np.bitwise_count(longs[start : start + _FEW, None, 0] ^ columns[0])
        first, second = np.divmod(np.flatnonzero(apart <= bits), max(1, len(others)))
        distance = apart[first, second].astype(np.int64)
        for word in range(1, len(columns)):
            distance += np.bitwise_count(longs[start + first, word] ^ columns[word, second])
            near = distance <= bits
            first, second, distance = first[near], second[near], distance[near]
        order = np.lexsort((second, distance, first))
        found.append(np.stack([start + first, second, distance])[:, order])
    first, second, distance = np.concatenate(found, axis=1)
    return first, second, distance


def _longs(fingerprints: NDArray[np.uint8]) -> Longs:
    return np.ascontiguousarray(fingerprints).view(np.uint64)


def of_all_words(bits: int, found_of: Callable[[tuple[int, int]], Pairs]) -> Pairs:
    """Return what all pairs of words find, in order; a few of them work at a time."""
    pairs = combinations(range(bits + EQUAL_WORDS), EQUAL_WORDS)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:  # sorting lets other threads run
        found = list(threads.map(found_of, pairs))
    first, second = (np.concatenate([each[side] for each in found]) for side in (0, 1))
    order = np.lexsort((second, first))
    return first[order], second[order]


def _in_common(dealt: Dealt, pair: tuple[int, int], bits: int) -> Pairs:
    """Return the near pairs whose first two words in common are these."""
    table, found = Table.of(dealt, pair), [NO_PAIRS]
    for part in chunks(len(dealt)):
        sought = np.arange(part.start, part.stop)
        ends = table.bounds[np.searchsorted(table.bounds, sought, side="right")]
        for query, second in table.met(table.longs[sought], sought + 1, ends, bits):
            places = table.places[sought[query]], second
            apart = dealt.longs[:, places[0]] ^ dealt.longs[:, places[1]]
            near = np.flatnonzero(np.bitwise_count(apart).sum(axis=0, dtype=np.uint16) <= bits)
            near = near[dealt.have_first_in_common(pair, apart[:, near])]
            one, other = (place[near].astype(np.int64) for place in places)
            found.append((np.minimum(one, other), np.maximum(one, other)))
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])
