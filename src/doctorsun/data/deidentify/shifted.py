"""Dates that move by a number of days, and times as they may stay; what is malformed gives nothing."""

import re
from datetime import date, timedelta

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?)?)?")
_DATETIME = re.compile(r"(\d{8})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?:[+-]\d{4})?")


def shifted_date(text: str, days: int) -> str:
    """Return a date (DA, also the old form with points) moved by so many days; empty for what is no date."""
    found = _DATE.fullmatch(text.strip())
    if not found:
        return ""
    try:
        return (date(*map(int, found.groups())) + timedelta(days)).strftime("%Y%m%d").zfill(8)
    except (ValueError, OverflowError):
        return ""


def shifted_datetime(text: str, days: int) -> str:
    """Return a date and time (DT) moved by so many days, without its offset from UTC, which tells where it was.

    Empty for what is malformed, or has no day.
    """
    found = _DATETIME.fullmatch(text.strip())
    day = shifted_date(found[1], days) if found else ""
    time = (found[2] or "") if found else ""
    return f"{day}{time}" if day and (not time or _TIME.fullmatch(time)) else ""


def sound_time(text: str) -> str:
    """Return a time of day (TM, also the old form with colons) in today's form; empty for what is none."""
    found = _TIME.fullmatch(text.strip())
    return "".join(part or "" for part in found.groups()) if found else ""
