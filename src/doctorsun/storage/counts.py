"""What a manifest counts: how many samples have each value of a few fields, and how many have their images."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from doctorsun.storage.sample_row import SampleRow

COUNTED_COLUMNS = {
    "language": "language",
    "domain": "domain",
    "modality": "modality",
    "task": "task",
    "licence": "source.licence",
    "split": "source.split",
    "dataset": "source.dataset",
}
"""The column of each counted field."""
IMAGES = "images"
"""Counts samples by their images: ``complete``, ``incomplete`` (one or more are references only) or ``none``."""
COUNTED_FIELDS = (*COUNTED_COLUMNS, IMAGES)

_PATHS = {name: column.split(".") for name, column in COUNTED_COLUMNS.items()}


def count_rows(rows: Iterable[SampleRow], counts: dict[str, Counter[str]]) -> None:
    """Add samples to the counts of every field."""
    for row in rows:
        for name, path in _PATHS.items():
            value: Any = row
            for key in path:
                value = value[key]
            counts[name][value] += 1
        counts[IMAGES][_images(row)] += 1


def most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    """Return counts in falling order, level ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _images(row: SampleRow) -> str:
    if not row["images"]:
        return "none"
    return "incomplete" if any(image["bytes"] is None for image in row["images"]) else "complete"
