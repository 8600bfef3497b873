"""Near pairs among many: the same as by comparing all with all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.image.near import near_between, near_within


def planted(num: int, seed: int) -> np.ndarray:
    """Return fingerprints of which every third is another with some bits turned."""
    rng = np.random.default_rng(seed)
    prints = rng.integers(0, 256, (num, 32), dtype=np.uint8)
    for place in range(2, num, 3):
        turned = np.zeros(256, dtype=np.uint8)
        turned[rng.permutation(256)[: rng.integers(0, 36)]] = 1
        prints[place] = prints[rng.integers(0, place)] ^ np.packbits(turned)
    return prints


def by_all_pairs(prints: np.ndarray, bits: int) -> list[tuple[int, int]]:
    apart = np.bitwise_count(prints[:, None] ^ prints[None]).sum(axis=2, dtype=int)
    return [(int(one), int(other)) for one, other in zip(*np.nonzero(apart <= bits), strict=True) if one < other]


@given(st.integers(2, 60), st.integers(0, 1000), st.sampled_from([0, 1, 7, 15, 24, 40]))
def test_no_pair_is_missed_none_is_told_twice(num: int, seed: int, bits: int):
    prints = planted(num, seed)
    first, second = near_within(prints, bits)
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == by_all_pairs(prints, bits)


def test_equal_fingerprints_make_all_their_pairs():
    prints = np.zeros((300, 32), dtype=np.uint8)
    first, second = near_within(prints, 0)
    assert len(first) == 300 * 299 // 2
    assert (first < second).all()


@pytest.mark.parametrize("num", [0, 1])
def test_few_have_no_pairs(num: int):
    first, second = near_within(np.zeros((num, 32), dtype=np.uint8))
    assert len(first) == len(second) == 0


def test_more_bits_than_words_can_hold_are_refused():
    with pytest.raises(ValueError, match="bits: got 127, expected 0 to 126"):
        near_within(np.zeros((2, 32), dtype=np.uint8), 127)


@given(st.integers(0, 90), st.integers(1, 60), st.integers(0, 1000), st.sampled_from([0, 7, 24, 40]))
def test_between_two_sides_no_pair_is_missed_and_the_nearest_comes_first(num: int, other: int, seed: int, bits: int):
    prints = planted(num + other, seed)
    ones, others = prints[:num], prints[num:]
    apart = np.bitwise_count(ones[:, None] ^ others[None]).sum(axis=2, dtype=int)

    found = list(zip(*(column.tolist() for column in near_between(ones, others, bits)), strict=True))

    every = [(int(a), int(b), int(apart[a, b])) for a, b in zip(*np.nonzero(apart <= bits), strict=True)]
    assert found == sorted(every, key=lambda pair: (pair[0], pair[2], pair[1]))


def test_nothing_is_near_to_nothing():
    nothing, one = np.empty((0, 32), dtype=np.uint8), np.zeros((1, 32), dtype=np.uint8)
    assert [len(column) for column in (*near_between(nothing, one), *near_between(one, nothing))] == [0] * 6
