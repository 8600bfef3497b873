"""Dates keep their order and distance; what is no date goes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.data.deidentify.shifted import shifted_date, shifted_datetime, sound_time
from doctorsun.data.deidentify.values import capped_age, is_registered

DAYS = st.integers(-3650, -1)
DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(DATES, DAYS)
def test_a_date_moves_by_so_many_days(day, days):
    assert shifted_date(day.strftime("%Y%m%d"), days) == (day + timedelta(days)).strftime("%Y%m%d")
    assert shifted_datetime(f"{day:%Y%m%d}0102", days) == f"{day + timedelta(days):%Y%m%d}0102"


@given(st.text(), DAYS)
def test_any_text_gives_a_date_or_nothing(text, days):
    moved = shifted_date(text, days)
    assert moved == "" or (len(moved) == 8 and moved.isdigit())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20240229", "20240228"),
        (" 2024.02.29 ", "20240228"),
        ("20230229", ""),
        ("00010101", ""),
        ("2024022", ""),
        ("20240229-20240301", ""),
        ("Mar 2024", ""),
    ],
)
def test_forms_of_dates(old, new):
    assert shifted_date(old, -1) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20240229", "20240228"),
        ("2024022917", "2024022817"),
        ("20240229173015.123456+0800", "20240228173015.123456"),
        ("202402", ""),
        ("2024", ""),
        ("2024022999", ""),
        ("20240229 Smith", ""),
    ],
)
def test_forms_of_dates_with_times(old, new):
    assert shifted_datetime(old, -1) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [("173015.5", "173015.5"), ("17:30:15", "173015"), ("17", "17"), ("25", ""), ("noon", ""), ("173015.", "")],
)
def test_times_of_day_stay_where_they_are_sound(old, new):
    assert sound_time(old) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [("089Y", "089Y"), ("090Y", "090Y"), ("104Y", "090Y"), ("999M", "999M"), ("013D", "013D"), ("57", ""), ("ab", "")],
)
def test_ages_above_89_are_told_as_90(old, new):
    assert capped_age(old) == new


@pytest.mark.parametrize(
    ("uid", "expected"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", True),
        ("1.2.840.10008.2.16.4", True),
        ("2.16.840.1.113883.6.96", True),
        ("1.2.840.113619.2.30.1", False),
        ("1.2.840.10008.19370217123", False),
        ("1.2.840.10008.x", False),
    ],
)
def test_only_identifiers_that_are_the_same_everywhere_are_registered(uid, expected):
    assert is_registered(uid) is expected
