"""Fingerprints whose bits are dealt out to words, and tables of them by two of these words."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.fingerprint import FINGERPRINT_BYTES

EQUAL_WORDS = 2
CHUNK = 1 << 16
Places = NDArray[np.int64]
Longs = NDArray[np.uint64]

_NUM_BITS = 8 * FINGERPRINT_BYTES
_LONG_BITS = 64
_MOST_KEY_BITS = 20  # of longer keys of two words the rest is folded in
_MOST_WORD_BITS = 16  # of longer words the rest is left out


@dataclass(frozen=True, slots=True)
class Dealt:
    """Fingerprints whose bits are dealt out to words, which then lie one after the other.

    Attributes:
        longs: [4, n]; bits beside each other in a fingerprint, which go together, are in different words.
        starts: the first bit of each word, and the end of the last.
    """

    longs: Longs
    starts: tuple[int, ...]

    @classmethod
    def of(cls, fingerprints: NDArray[np.uint8], bits: int) -> Self:
        """Deal out fingerprints, [n, 32], to ``bits + 2`` words.

        Raises:
            ValueError: ``bits`` leaves words without a bit.
        """
        num_words = bits + EQUAL_WORDS
        if not 0 <= bits <= _NUM_BITS // 2 - EQUAL_WORDS:
            raise ValueError(f"bits: got {bits}, expected 0 to {_NUM_BITS // 2 - EQUAL_WORDS}")
        order = np.concatenate([np.arange(word, _NUM_BITS, num_words) for word in range(num_words)])
        longs = np.empty((_NUM_BITS // _LONG_BITS, len(fingerprints)), dtype=np.uint64)
        for start in range(0, len(fingerprints), CHUNK // 16):  # bits take a byte each
            bits_of = np.unpackbits(fingerprints[start : start + CHUNK // 16], axis=1)[:, order]
            words = np.ascontiguousarray(np.packbits(bits_of, axis=1, bitorder="little"))
            longs[:, start : start + len(bits_of)] = words.view("<u8").T
        widths = [len(range(word, _NUM_BITS, num_words)) for word in range(num_words)]
        return cls(longs, tuple(accumulate(widths, initial=0)))

    def __len__(self) -> int:
        return self.longs.shape[1]

    def word(self, number: int, longs: Longs) -> Longs:
        """Return one word of each of some fingerprints, given as here; at most 16 bits of it."""
        start, width = self.starts[number], min(self.starts[number + 1] - self.starts[number], _MOST_WORD_BITS)
        place, shift = divmod(start, _LONG_BITS)
        found = longs[place] >> np.uint64(shift)
        if shift + width > _LONG_BITS:
            found |= longs[place + 1] << np.uint64(_LONG_BITS - shift)
        return found & np.uint64((1 << width) - 1)

    def keys_of(self, pair: tuple[int, int], longs: Longs, key_bits: int) -> Places:
        """Return a number of so many bits for two words of some fingerprints: equal where both words are."""
        first, second = (self.word(number, longs) for number in pair)
        keys = first << np.uint64(_MOST_KEY_BITS // 2) ^ second
        return ((keys ^ keys >> np.uint64(key_bits)) & np.uint64((1 << key_bits) - 1)).astype(np.int64)

    def have_first_in_common(self, pair: tuple[int, int], apart: Longs) -> NDArray[np.bool_]:
        """Say where two words are the first in common, by the bits in which fingerprints differ, dealt out as here."""
        are_equal = [self.word(number, apart) == 0 for number in range(pair[1] + 1)]
        return are_equal[pair[0]] & are_equal[pair[1]] & (np.sum(are_equal, axis=0) == EQUAL_WORDS)

    def elsewhere(self, pair: tuple[int, int]) -> int:
        """Return which long holds no bit of two words, or few: it tells most other fingerprints apart."""
        ends = [(self.starts[number], self.starts[number + 1] - 1) for number in pair]
        held = {bit // _LONG_BITS for end in ends for bit in end}
        return next((place for place in range(len(self.longs)) if place not in held), 0)


@dataclass(frozen=True, slots=True)
class Table:
    """Fingerprints sorted by two words.

    Attributes:
        bounds: where those of each key begin, and end.
        places: of each in its side.
        longs: the long of each that tells most apart.
        key_bits: of the keys.
    """

    bounds: NDArray[np.int32]
    places: NDArray[np.int32]
    longs: Longs
    key_bits: int

    @classmethod
    def of(cls, dealt: Dealt, pair: tuple[int, int]) -> Self:
        """Sort fingerprints by two words."""
        key_bits = min(_MOST_KEY_BITS, len(dealt).bit_length() + 3)
        keys = np.empty(len(dealt), dtype=np.int32)
        for part in chunks(len(dealt)):
            keys[part] = dealt.keys_of(pair, dealt.longs[:, part], key_bits)
        places = _sorted_places(keys)
        bounds = np.zeros((1 << key_bits) + 1, dtype=np.int32)
        for part in chunks(len(dealt)):
            bounds[keys[places[part]] + 1] = np.arange(part.start + 1, part.stop + 1)  # the last of a key stays
        np.maximum.accumulate(bounds, out=bounds)
        return cls(bounds, places, dealt.longs[dealt.elsewhere(pair)][places], key_bits)

    def met(
        self, longs: Longs, begins: NDArray[np.integer], ends: NDArray[np.integer], bits: int
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


def _sorted_places(keys: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the places of keys in their order; sorted by half and half, which are few enough to be counted."""
    low = np.argsort((keys & 0xFFFF).astype(np.uint16), kind="stable").astype(np.int32)
    return low[np.argsort((keys >> 16).astype(np.uint8)[low], kind="stable")]


def chunks(num: int) -> Iterator[slice]:
    """Yield parts of so many fingerprints, a few at a time."""
    return (slice(start, min(start + CHUNK, num)) for start in range(0, num, CHUNK))
