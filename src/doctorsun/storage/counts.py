"""What a manifest counts: how many samples have each value of a few fields, and how many have their images."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

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

pc: Any = compute
"""Its functions are made when it is imported, where no type checker sees them."""
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


def count_table(table: pa.Table, counts: dict[str, Counter[str]]) -> None:
    """Add the samples of a table under the schema of a store to the counts of every field."""
    for name, path in _PATHS.items():
        column = table[path[0]].combine_chunks()
        counted = pc.value_counts(pc.struct_field(column, path[1:]) if path[1:] else column).to_pylist()
        counts[name].update({each["values"]: each["counts"] for each in counted})
    images = table["images"].combine_chunks()
    lengths = images.value_lengths().to_numpy()
    is_lacking = images.flatten().field("bytes").is_null().to_numpy(zero_copy_only=False)
    num_incomplete = len(np.unique(np.repeat(np.arange(len(images)), lengths)[is_lacking]))
    num_none = int((lengths == 0).sum())
    found = {"none": num_none, "incomplete": num_incomplete, "complete": len(images) - num_none - num_incomplete}
    counts[IMAGES].update({name: number for name, number in found.items() if number})


def most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    """Return counts in falling order, level ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _images(row: SampleRow) -> str:
    if not row["images"]:
        return "none"
    return "incomplete" if any(image["bytes"] is None for image in row["images"]) else "complete"
