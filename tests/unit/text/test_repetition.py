"""Repetition in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.repetition import repeated_grams, repeated_lines


@pytest.mark.parametrize(
    ("text", "units", "share"),
    [
        ("", 2, 0),
        ("a b", 3, 0),
        ("a b c d", 2, 0),
        ("a b a b", 2, 1 / 3),
        ("A b. a B!", 2, 1 / 3),
        ("肺炎肺炎", 2, 1 / 3),
        ("CT肺CT肺", 2, 1 / 3),
        ("a a a a", 1, 3 / 4),
    ],
)
def test_repeated_grams(text, units, share):
    assert repeated_grams(text, units) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0),
        ("the first line\nthe second line", 0),
        ("the same line\nThe  same line\n", 0.5),
        ("short\nshort", 0),
        ("the same line\n" * 4, 0.75),
    ],
)
def test_repeated_lines(text, share):
    assert repeated_lines(text) == pytest.approx(share)


@given(st.text(), st.integers(1, 12))
def test_shares_lie_between_none_and_all(text, units):
    assert 0 <= repeated_grams(text, units) < 1
    assert 0 <= repeated_lines(text) < 1
