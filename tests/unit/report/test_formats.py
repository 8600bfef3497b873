import pytest

from doctorsun.report import formats


@pytest.mark.parametrize(("value", "text"), [(0.8642, "86.4%"), (1.0, "100.0%"), (None, "–"), (float("nan"), "–")])
def test_percent(value: float | None, text: str) -> None:
    assert formats.percent(value) == text


def test_interval() -> None:
    assert formats.interval(0.831, 0.89) == "83.1–89.0"
    assert formats.interval(float("nan"), 0.89) == "–"


@pytest.mark.parametrize(("value", "text"), [(0.21, "+21.0"), (-0.034, "−3.4"), (None, "–")])
def test_margin_always_has_its_sign(value: float | None, text: str) -> None:
    assert formats.margin(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (42.4, "42 s"), (59.7, "1 min 0 s"), (372, "6 min 12 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9_999, "9,999"), (25_600, "25.6 k"), (3.6e6, "3.6 M"), (8.03e9, "8.03 B"), (None, "–")],
)
def test_count(value: float | None, text: str) -> None:
    assert formats.count(value) == text


def test_small() -> None:
    assert formats.small(0.22249) == "0.222"
    assert formats.small(None) == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2026-05-04T09:12:31+00:00", "2026-05-04 09:12 UTC"), ("yesterday", "yesterday"), (None, "–")],
)
def test_moment(text: str | None, shown: str) -> None:
    assert formats.moment(text) == shown


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (2048, "2.0 KiB"), (111 * 2**20, "111 MiB"), (2000 * 2**30, "2,000 GiB")],
)
def test_sizes_of_files(num_bytes: int, text: str) -> None:
    assert formats.size(num_bytes) == text


def test_whole_numbers_have_commas() -> None:
    assert (formats.whole(999), formats.whole(1_234_567)) == ("999", "1,234,567")
