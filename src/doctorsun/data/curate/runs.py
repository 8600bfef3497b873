"""Rows that have equal values, found by sorting."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.curate.shown_images import Numbers


def rows_alike(*columns: NDArray[np.generic], among: Numbers) -> Iterator[Numbers]:
    """Yield the rows that are equal in all columns, where there are two at least; smaller rows first.

    Args:
        columns: of one length.
        among: the rows that count, ascending.
    """
    order = among[np.lexsort([column[among] for column in columns])]
    is_new = np.ones(len(order), dtype=np.bool_)
    if len(order):
        is_new[1:] = np.any([column[order[1:]] != column[order[:-1]] for column in columns], axis=0)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(order))
    for start, end in zip(*(bound[ends - starts > 1].tolist() for bound in (starts, ends)), strict=True):
        yield order[start:end]
