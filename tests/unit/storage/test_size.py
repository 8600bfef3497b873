"""Numbers of bytes, put for people: small ones do not vanish."""

import pytest

from doctorsun.storage.size import told_size


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (2.5e12, "2.5 TB"), (7e15, "7e+03 TB")]
)
def test_bytes_have_decimal_units(num_bytes: float, text: str):
    assert told_size(num_bytes) == text
