"""What a manifest counts: how many samples have each value of a few fields, and how many have their images."""

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter

from doctorsun.schema import Sample

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

_GETTERS = {name: attrgetter(column) for name, column in COUNTED_COLUMNS.items()}


def count_samples(samples: Iterable[Sample], counts: dict[str, Counter[str]]) -> None:
    """Add samples to the counts of every field."""
    for sample in samples:
        for name, value_of in _GETTERS.items():
            counts[name][value_of(sample)] += 1
        counts[IMAGES][_images(sample)] += 1


def most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    """Return counts in falling order, level ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _images(sample: Sample) -> str:
    if not sample.images:
        return "none"
    return "incomplete" if any(image.bytes is None for image in sample.images) else "complete"
