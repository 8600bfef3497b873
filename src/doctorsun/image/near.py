"""All pairs of near fingerprints, among millions, across two sides of millions, or between a few and millions."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.fingerprint import FINGERPRINT_BYTES, NEAR_BITS

Places = NDArray[np.int64]
_Pairs = tuple[Places, Places]
_Longs = NDArray[np.uint64]

_NUM_BITS = 8 * FINGERPRINT_BYTES
_LONG_BITS = 64
_CHUNK = 1 << 16
_MOST_KEY_BITS = 20  # of longer keys of two words the rest is folded in
_EQUAL_WORDS = 2
_FEW = 64
_MOST_THREADS = 4  # each needs some 24 bytes per fingerprint
_MOST_WORD_BITS = 16  # of longer words the rest is left out
_NO_PAIRS: _Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


def near_within(fingerprints: NDArray[np.uint8], bits: int = NEAR_BITS) -> _Pairs:
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
    dealt = _Dealt.of(fingerprints, bits)
    return _of_all_words(bits, lambda pair: _in_common(dealt, pair, bits))


def near_across(
    ones: NDArray[np.uint8],
    others: NDArray[np.uint8],
    bits: int = NEAR_BITS,
    *,
    owners: tuple[Places, Places] | None = None,
) -> _Pairs:
    """Return the pairs of one fingerprint of each side that differ in at most so many bits, by the first of them.

    Found as by `near_within`: both sides may be large.

    Args:
        ones: [n, 32].
        others: [m, 32].
        bits: the largest number of bits that differ; at most 126.
        owners: whose each fingerprint is, on both sides; two of one owner are left out.
    """
    dealt = _Dealt.of(ones, bits), _Dealt.of(others, bits)
    return _of_all_words(bits, lambda pair: _in_common_across(dealt, pair, bits, owners))


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


@dataclass(frozen=True, slots=True)
class _Dealt:
    """Fingerprints whose bits are dealt out to words, which then lie one after the other.

    Attributes:
        longs: [4, n]; bits beside each other in a fingerprint, which go together, are in different words.
        starts: the first bit of each word, and the end of the last.
    """

    longs: _Longs
    starts: tuple[int, ...]

    @classmethod
    def of(cls, fingerprints: NDArray[np.uint8], bits: int) -> Self:
        num_words = bits + _EQUAL_WORDS
        if not 0 <= bits <= _NUM_BITS // 2 - _EQUAL_WORDS:
            raise ValueError(f"bits: got {bits}, expected 0 to {_NUM_BITS // 2 - _EQUAL_WORDS}")
        order = np.concatenate([np.arange(word, _NUM_BITS, num_words) for word in range(num_words)])
        longs = np.empty((_NUM_BITS // _LONG_BITS, len(fingerprints)), dtype=np.uint64)
        for start in range(0, len(fingerprints), _CHUNK // 16):  # bits take a byte each
            bits_of = np.unpackbits(fingerprints[start : start + _CHUNK // 16], axis=1)[:, order]
            words = np.ascontiguousarray(np.packbits(bits_of, axis=1, bitorder="little"))
            longs[:, start : start + len(bits_of)] = words.view("<u8").T
        widths = [len(range(word, _NUM_BITS, num_words)) for word in range(num_words)]
        return cls(longs, tuple(accumulate(widths, initial=0)))

    def __len__(self) -> int:
        return self.longs.shape[1]

    def word(self, number: int, longs: _Longs) -> _Longs:
        """Return one word of each of some fingerprints, given as here; at most 16 bits of it."""
        start, width = self.starts[number], min(self.starts[number + 1] - self.starts[number], _MOST_WORD_BITS)
        place, shift = divmod(start, _LONG_BITS)
        found = longs[place] >> np.uint64(shift)
        if shift + width > _LONG_BITS:
            found |= longs[place + 1] << np.uint64(_LONG_BITS - shift)
        return found & np.uint64((1 << width) - 1)

    def keys(self, pair: tuple[int, int], places: slice, key_bits: int) -> Places:
        """Return a number of so many bits for two words of some fingerprints: equal where both words are."""
        first, second = (self.word(number, self.longs[:, places]) for number in pair)
        keys = first << np.uint64(_MOST_KEY_BITS // 2) ^ second
        return ((keys ^ keys >> np.uint64(key_bits)) & np.uint64((1 << key_bits) - 1)).astype(np.int64)

    def elsewhere(self, pair: tuple[int, int]) -> int:
        """Return which long holds no bit of two words, or few: it tells most other fingerprints apart."""
        ends = [(self.starts[number], self.starts[number + 1] - 1) for number in pair]
        held = {bit // _LONG_BITS for end in ends for bit in end}
        return next((place for place in range(len(self.longs)) if place not in held), 0)


@dataclass(frozen=True, slots=True)
class _Table:
    """Fingerprints sorted by two words.

    Attributes:
        bounds: where those of each key begin, and end.
        places: of each in its side.
        longs: the long of each that tells most apart.
        key_bits: of the keys.
    """

    bounds: NDArray[np.int32]
    places: NDArray[np.int32]
    longs: _Longs
    key_bits: int

    @classmethod
    def of(cls, dealt: _Dealt, pair: tuple[int, int]) -> Self:
        key_bits = min(_MOST_KEY_BITS, len(dealt).bit_length() + 3)
        keys = np.empty(len(dealt), dtype=np.int32)
        for part in _chunks(len(dealt)):
            keys[part] = dealt.keys(pair, part, key_bits)
        places = _sorted_places(keys)
        bounds = np.zeros((1 << key_bits) + 1, dtype=np.int32)
        for part in _chunks(len(dealt)):
            bounds[keys[places[part]] + 1] = np.arange(part.start + 1, part.stop + 1)  # the last of a key stays
        np.maximum.accumulate(bounds, out=bounds)
        return cls(bounds, places, dealt.longs[dealt.elsewhere(pair)][places], key_bits)

    def met(
        self, longs: _Longs, begins: NDArray[np.integer], ends: NDArray[np.integer], bits: int
    ) -> Iterator[tuple[Places, NDArray[np.int32]]]:
        """Yield which of some fingerprints meet which places of the table, and are not too far apart in their longs.

        Args:
            longs: of each of these fingerprints, as of the table.
            begins: where what each may meet begins in the table.
            ends: where it ends.
            bits: the largest number of bits that differ.
        """
        query = np.flatnonzero(begins < ends)  # most meet nothing
        longs, at, ends = longs[query], begins[query], ends[query]
        while len(query):
            near = np.bitwise_count(longs ^ self.longs[at]) <= bits
            if near.any():
                yield query[near], self.places[at[near]]
            at = at + 1
            left = at < ends
            query, longs, at, ends = query[left], longs[left], at[left], ends[left]


def _of_all_words(bits: int, found_of: Callable[[tuple[int, int]], _Pairs]) -> _Pairs:
    """Return the pairs that any two words find, in order."""
    pairs = combinations(range(bits + _EQUAL_WORDS), _EQUAL_WORDS)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:  # sorting lets other threads run
        found = list(threads.map(found_of, pairs))
    first, second = (np.concatenate([each[side] for each in found]) for side in (0, 1))
    order = np.lexsort((second, first))
    return first[order], second[order]


def _in_common(dealt: _Dealt, pair: tuple[int, int], bits: int) -> _Pairs:
    """Return the near pairs whose first two words in common are these."""
    table, found = _Table.of(dealt, pair), [_NO_PAIRS]
    for part in _chunks(len(dealt)):
        sought = np.arange(part.start, part.stop)
        ends = table.bounds[np.searchsorted(table.bounds, sought, side="right")]
        for query, second in table.met(table.longs[sought], sought + 1, ends, bits):
            places = table.places[sought[query]], second
            found.append(_of_pair((dealt, dealt), pair, (np.minimum(*places), np.maximum(*places)), bits))
    return _joined(found)


def _in_common_across(
    dealt: tuple[_Dealt, _Dealt], pair: tuple[int, int], bits: int, owners: tuple[Places, Places] | None
) -> _Pairs:
    """Return the near pairs of two sides whose first two words in common are these."""
    table, found, long = _Table.of(dealt[1], pair), [_NO_PAIRS], dealt[1].elsewhere(pair)
    for part in _chunks(len(dealt[0])):
        keys, longs = dealt[0].keys(pair, part, table.key_bits), dealt[0].longs[long, part]
        for query, place in table.met(longs, table.bounds[keys], table.bounds[keys + 1], bits):
            places = part.start + query, place
            if owners:
                apart = owners[0][places[0]] != owners[1][places[1]]
                places = places[0][apart], places[1][apart]
            found.append(_of_pair(dealt, pair, places, bits))
    return _joined(found)


def _of_pair(dealt: tuple[_Dealt, _Dealt], pair: tuple[int, int], places: _Pairs, bits: int) -> _Pairs:
    """Return the places, in one side and in the other, that are near and that no earlier pair of words found."""
    apart = dealt[0].longs[:, places[0]] ^ dealt[1].longs[:, places[1]]
    near = np.bitwise_count(apart).sum(axis=0, dtype=np.uint16) <= bits
    first, second, apart = places[0][near], places[1][near], apart[:, near]
    are_equal = [dealt[0].word(number, apart) == 0 for number in range(pair[1] + 1)]
    is_new = are_equal[pair[0]] & are_equal[pair[1]] & (np.sum(are_equal, axis=0) == _EQUAL_WORDS)
    return first[is_new].astype(np.int64), second[is_new].astype(np.int64)


def _sorted_places(keys: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the places of keys in their order; sorted by half and half, which are few enough to be counted."""
    low = np.argsort((keys & 0xFFFF).astype(np.uint16), kind="stable").astype(np.int32)
    return low[np.argsort((keys >> 16).astype(np.uint8)[low], kind="stable")]


def _chunks(num: int) -> Iterator[slice]:
    return (slice(start, min(start + _CHUNK, num)) for start in range(0, num, _CHUNK))


def _joined(parts: Sequence[_Pairs]) -> _Pairs:
    return np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts])
