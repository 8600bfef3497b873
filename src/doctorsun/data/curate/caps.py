"""Steps: at most so many samples of a label, and of a source."""

import numpy as np
import pyarrow as pa

from doctorsun.data.curate.preference import keys_of
from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketch import Sketches


def label_cap(sketches: Sketches, among: Numbers, most: int) -> dict[int, str]:
    """Return which rows go because all of their labels have enough, each with these labels.

    A sample with a rare label stays whatever its frequent ones are, so that a frequent label may keep more than its
    cap: never does a rare one lose. Samples without a label stay.

    Args:
        sketches: of all samples.
        among: the rows that count.
        most: samples of each label.
    """
    column = sketches.table["labels"].combine_chunks()
    rows = np.repeat(np.arange(len(sketches)), column.value_lengths().to_numpy().astype(np.int64))
    counts = np.isin(rows, among)
    return _over(sketches, rows[counts], column.flatten().filter(pa.array(counts)), most)


def source_cap(sketches: Sketches, among: Numbers, most: int) -> dict[int, str]:
    """Return which rows go because their data set has enough, each with its name.

    Args:
        sketches: of all samples.
        among: the rows that count.
        most: samples of each data set.
    """
    return _over(sketches, among, sketches.table["dataset"].combine_chunks().take(among), most)


def _over(sketches: Sketches, rows: Numbers, names: pa.Array, most: int) -> dict[int, str]:
    """Return the rows that are beyond the cap under each of their names; keys of content choose, not the order."""
    coded = names.dictionary_encode()
    classes = coded.indices.to_numpy().astype(np.int64)
    keys = keys_of(sketches)[rows]
    order = np.lexsort((rows, keys[:, 1], keys[:, 0], classes))
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = np.arange(len(rows)) - np.searchsorted(classes[order], classes[order])
    is_over = ~np.isin(rows, rows[number < most])
    gone: dict[int, list[str]] = {}
    for row, name in zip(rows[is_over].tolist(), names.filter(pa.array(is_over)).to_pylist(), strict=True):
        gone.setdefault(row, []).append(name)
    return {row: ", ".join(sorted(found)) for row, found in gone.items()}
