"""Lengths of texts in tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.length import num_tokens


@pytest.mark.parametrize(
    ("text", "num"),
    [
        ("", 0),
        ("  \n", 0),
        ("lung", 1),
        ("effusion", 2),
        ("adenocarcinoma", 3),
        ("肺炎", 2),
        ("CT显示右肺结节。", 8),
        ("12.5 mm", 4),
        ("20261123", 3),
        ("a_b", 3),
        ("すりガラス", 5),
    ],
)
def test_tokens(text, num):
    assert num_tokens(text) == num


@given(st.text(), st.text())
def test_lengths_add_up_over_lines(one, other):
    assert num_tokens(f"{one}\n{other}") == num_tokens(one) + num_tokens(other)
