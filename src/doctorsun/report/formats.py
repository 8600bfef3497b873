"""Numbers as people read them: shares, margins, durations and counts."""

import math
from datetime import datetime

MISSING = "–"
MINUTE_S = 60
HOUR_MIN = 60
SHORT_S = 10


def percent(value: float | None) -> str:
    """Write a share in [0, 1] as a percentage with one decimal; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{100 * value:.1f}%"


def interval(low: float, high: float) -> str:
    """Write the ends of an interval of shares in percent; a dash where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return MISSING
    return f"{100 * low:.1f}–{100 * high:.1f}"


def margin(value: float | None) -> str:
    """Write a difference of shares in percentage points, always with its sign."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{100 * value:+.1f}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """Write a time in the two largest units that it needs."""
    if seconds is None:
        return MISSING
    if round(seconds) < MINUTE_S:
        return f"{seconds:.1f} s" if seconds < SHORT_S else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), MINUTE_S)
    if minutes < HOUR_MIN:
        return f"{minutes} min {rest} s"
    return f"{minutes // HOUR_MIN} h {minutes % HOUR_MIN} min"


def count(value: float | None) -> str:
    """Write a number of things; large ones in thousands (k), millions (M) or billions (B)."""
    if value is None or not math.isfinite(value):
        return MISSING
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g} {letter}"
    return f"{value:,.0f}"


def whole(value: float) -> str:
    """Write a number of things in full, with commas between thousands."""
    return f"{value:,.0f}"


def size(num_bytes: float) -> str:
    """Write the size of a file in the largest binary unit that it fills."""
    for unit, letters in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if num_bytes >= unit:
            return f"{num_bytes / unit:,.{1 if num_bytes < 10 * unit else 0}f} {letters}"
    return f"{num_bytes:.0f} B"


def small(value: float | None) -> str:
    """Write a measured number, such as a loss, with three significant digits."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.3g}"


def moment(text: str | None) -> str:
    """Write an ISO 8601 time by the minute, with its zone; other text stands as it is."""
    if not text:
        return MISSING
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z").strip()
    except ValueError:
        return text
