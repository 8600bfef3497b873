"""Steps: at most so many samples of a label, and of a source."""

import numpy as np

from doctorsun.data.curate.preference import keys_of
from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketches import Sketches


def label_cap(sketches: Sketches, among: Numbers, most: int) -> dict[int, str]:
    """Return which rows go because all of their labels have enough, each with these labels.

    A sample with a rare label stays whatever its frequent ones are, so that a frequent label may keep more than its
    cap: never does a rare one lose. Samples without a label stay.

    Args:
        sketches: of all samples.
        among: the rows that count.
        most: samples of each label.
    """
    rows, classes = np.repeat(np.arange(len(sketches)), sketches.lengths("labels")), sketches.codes("labels")
    counts = np.isin(rows, among)
    gone = sketches.values("labels", _over(sketches, rows[counts], classes[counts], most))
    return {row: ", ".join(sorted(labels)) for row, labels in gone.items()}


def source_cap(sketches: Sketches, among: Numbers, most: int) -> dict[int, str]:
    """Return which rows go because their data set has enough, each with its name.

    Args:
        sketches: of all samples.
        among: the rows that count.
        most: samples of each data set.
    """
    return sketches.values("dataset", _over(sketches, among, sketches.codes("dataset")[among], most))


def _over(sketches: Sketches, rows: Numbers, classes: Numbers, most: int) -> Numbers:
    """Return the rows that are beyond the cap in each of their classes; keys of content choose, not the order."""
    keys = keys_of(sketches)[rows]
    order = np.lexsort((rows, keys[:, 1], keys[:, 0], classes))
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = np.arange(len(rows)) - np.searchsorted(classes[order], classes[order])
    return np.setdiff1d(rows, rows[number < most])
