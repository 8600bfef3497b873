"""Near pairs across two sides: the same as by comparing all with all, but those of one owner."""

from tempfile import TemporaryFile

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_near import planted

from doctorsun.image.near_across import Met, Sought, near_across


def met(ones: np.ndarray, others: np.ndarray, bits: int, owners: tuple[np.ndarray, np.ndarray], num: int = 7) -> Met:
    """Seek fingerprints that are added so many at a time, each with its place as its number."""
    with TemporaryFile() as file:
        sought = Sought(file, bits)
        for start in range(0, len(ones), num):
            numbers = np.arange(start, min(start + num, len(ones)))
            sought.add(ones[numbers], owners[0][numbers], numbers)
        return near_across(sought, others, owners[1])


@given(st.integers(0, 90), st.integers(1, 60), st.integers(0, 1000), st.sampled_from([0, 7, 24, 40]))
def test_no_pair_is_missed_none_is_told_twice_and_none_is_of_one_owner(num: int, other: int, seed: int, bits: int):
    prints = planted(num + other, seed)
    owners = np.arange(num) // 3, np.arange(other) // 2
    found = met(prints[:num], prints[num:], bits, owners)
    apart = np.bitwise_count(prints[:num, None] ^ prints[None, num:]).sum(axis=2, dtype=int)
    is_near = (apart <= bits) & (owners[0][:, None] != owners[1][None])
    every = [(int(a) // 3, int(a), int(b)) for a, b in zip(*np.nonzero(is_near), strict=True)]
    assert list(zip(*(column.tolist() for column in found), strict=True)) == every


def test_equal_fingerprints_of_two_sides_make_all_their_pairs():
    owners = np.zeros(70, dtype=np.int32), np.ones(90, dtype=np.int32)
    found = met(np.zeros((70, 32), dtype=np.uint8), np.zeros((90, 32), dtype=np.uint8), 0, owners)
    assert len(set(zip(found.numbers.tolist(), found.places.tolist(), strict=True))) == len(found.owners) == 70 * 90


def test_among_none_nothing_is_met():
    one, none = np.zeros((1, 32), dtype=np.uint8), np.empty((0, 32), dtype=np.uint8)
    owners = np.zeros(1, dtype=np.int32), np.empty(0, dtype=np.int32)
    assert [len(column) for column in met(one, none, 24, owners)] == [0] * 3
