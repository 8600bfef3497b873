"""All pairs of near fingerprints, among millions, across two sides of millions, or between a few and millions."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.fingerprint import FINGERPRINT_BYTES, NEAR_BITS

Places = NDArray[np.int64]

_NUM_BITS = 8 * FINGERPRINT_BYTES
_CHUNK = 1 << 16
_FOLDED_BITS = 20
_EQUAL_WORDS = 2
_FEW = 64
_MOST_THREADS = 16  # each needs 24 bytes per fingerprint
_MOST_WORD_BITS = 16  # of longer words the rest is left out: a pair of words and a place make one number of 64 bits


def near_within(fingerprints: NDArray[np.uint8], bits: int = NEAR_BITS) -> tuple[Places, Places]:
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
    if not 0 <= bits <= _NUM_BITS // 2 - _EQUAL_WORDS:
        raise ValueError(f"bits: got {bits}, expected 0 to {_NUM_BITS // 2 - _EQUAL_WORDS}")
    if len(fingerprints) <= 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    longs = _longs(fingerprints)
    words = _words(fingerprints, bits + _EQUAL_WORDS)
    pairs = combinations(range(len(words)), _EQUAL_WORDS)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:  # sorting lets other threads run
        found = list(threads.map(lambda pair: _in_common(longs, words, pair, bits), pairs))
    first, second = (np.concatenate([pairs[side] for pairs in found]) for side in (0, 1))
    order = np.lexsort((second, first))
    return first[order], second[order]


def near_across(ones: NDArray[np.uint8], others: NDArray[np.uint8], bits: int = NEAR_BITS) -> tuple[Places, Places]:
    """Return the pairs of one fingerprint of each side that differ in at most so many bits, by the first of them.

    Found as by `near_within`: both sides may be large.

    Args:
        ones: [n, 32].
        others: [m, 32].
        bits: the largest number of bits that differ; at most 126.
    """
    if not len(ones) or not len(others):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    longs = _longs(ones), _longs(others)
    words = _words(ones, bits + _EQUAL_WORDS), _words(others, bits + _EQUAL_WORDS)
    pairs = combinations(range(bits + _EQUAL_WORDS), _EQUAL_WORDS)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        found = list(threads.map(lambda pair: _in_common_across(longs, words, pair, bits), pairs))
    first, second = (np.concatenate([pairs[side] for pairs in found]) for side in (0, 1))
    order = np.lexsort((second, first))
    return first[order], second[order]


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


def _longs(fingerprints: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(fingerprints).view(np.uint64)


def _words(fingerprints: NDArray[np.uint8], num_words: int) -> NDArray[np.uint16]:
    """Deal the bits out, [num_words, n]; bits beside each other, which go together, come into different words."""
    words = np.zeros((num_words, len(fingerprints)), dtype=np.uint16)
    for start in range(0, len(fingerprints), _CHUNK):
        dealt = np.unpackbits(fingerprints[start : start + _CHUNK], axis=1)
        for word in range(num_words):
            own = dealt[:, word::num_words][:, :_MOST_WORD_BITS].astype(np.uint32)
            words[word, start : start + len(own)] = own @ (1 << np.arange(own.shape[1], dtype=np.uint32))
    return words


def _in_common(
    longs: NDArray[np.uint64], words: NDArray[np.uint16], pair: tuple[int, int], bits: int
) -> tuple[Places, Places]:
    """Return the near pairs whose first two words in common are these."""
    keys, order = _sorted_keys(_keys(words, pair))
    near = (
        _of_pair((longs, longs), (words, words), pair, (order[left], order[right]), bits)
        for left, right in _of_equal_key(keys)
    )
    return _joined(near)


def _in_common_across(
    longs: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    words: tuple[NDArray[np.uint16], NDArray[np.uint16]],
    pair: tuple[int, int],
    bits: int,
) -> tuple[Places, Places]:
    """Return the near pairs of two sides whose first two words in common are these."""
    keys, order = _sorted_keys(_keys(words[1], pair))
    met = _of_keys(_keys(words[0], pair), keys)
    return _joined(_of_pair(longs, words, pair, (first, order[place]), bits) for first, place in met)


def _keys(words: NDArray[np.uint16], pair: tuple[int, int]) -> NDArray[np.uint64]:
    return words[pair[0]].astype(np.uint64) << np.uint64(_MOST_WORD_BITS) | words[pair[1]]


def _sorted_keys(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], Places]:
    """Return keys in order, and where each stood."""
    placed = keys << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)  # one sort gives keys and places
    placed.sort()
    return placed >> np.uint64(32), (placed & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _of_pair(
    longs: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    words: tuple[NDArray[np.uint16], NDArray[np.uint16]],
    pair: tuple[int, int],
    places: tuple[Places, Places],
    bits: int,
) -> tuple[Places, Places]:
    """Return the places, in one side and in the other, that are near and that no earlier pair of words found."""
    first, second = places
    distance = np.bitwise_count(longs[0][first] ^ longs[1][second]).sum(axis=1, dtype=np.uint16)
    first, second = first[distance <= bits], second[distance <= bits]
    equal = words[0][: pair[1], first] == words[1][: pair[1], second]
    is_new = equal.sum(axis=0) == 1  # the first of the two alone
    return first[is_new], second[is_new]


def _joined(parts: Iterable[tuple[Places, Places]]) -> tuple[Places, Places]:
    found = [(np.empty(0, np.int64), np.empty(0, np.int64)), *parts]
    return np.concatenate([one for one, _ in found]), np.concatenate([other for _, other in found])


def _folded(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of few bits; of words of 10 bits, as there are with 24 bits, each pair has its own."""
    return (keys ^ (keys >> np.uint64(_MOST_WORD_BITS - _FOLDED_BITS // 2))) & np.uint64((1 << _FOLDED_BITS) - 1)


def _of_keys(sought: NDArray[np.uint64], keys: NDArray[np.uint64]) -> Iterator[tuple[Places, Places]]:
    """Yield the places of what is sought, and in sorted keys the places of its equals, some million at a time."""
    is_key = np.zeros(1 << _FOLDED_BITS, dtype=np.bool_)
    is_key[_folded(keys)] = True
    active, step = np.flatnonzero(is_key[_folded(sought)]), 0  # most are no keys, which one look tells
    start, stop = np.zeros(len(sought), dtype=np.int64), np.zeros(len(sought), dtype=np.int64)
    start[active] = np.searchsorted(keys, sought[active], "left")
    stop[active] = np.searchsorted(keys, sought[active], "right")
    active = active[start[active] < stop[active]]
    while len(active):
        for begin in range(0, len(active), _CHUNK):
            part = active[begin : begin + _CHUNK]
            yield part, start[part] + step
        step += 1
        active = active[start[active] + step < stop[active]]


def _of_equal_key(keys: NDArray[np.uint64]) -> Iterator[tuple[Places, Places]]:
    """Yield the places in sorted keys of all pairs that are equal, some million at a time."""
    left, step = np.arange(len(keys) - 1), 1
    while len(left):
        left = left[: np.searchsorted(left, len(keys) - step)]
        left = left[keys[left] == keys[left + step]]
        for start in range(0, len(left), _CHUNK):
            yield left[start : start + _CHUNK], left[start : start + _CHUNK] + step
        step += 1
