"""Means with 95 % intervals that treat answers about one image as dependent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from doctorsun.errors import DataError

_TAIL = 0.975
_MOST_PER_ANSWER = 100.0  # yes-or-no answers that a graded one can count for, however alike all of them are


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean in [0, 1] with the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    num_clusters: int


def mean_interval(values: Sequence[float], clusters: Sequence[str]) -> Interval:
    """Return the mean of values in [0, 1] with its clustered interval; see macro_interval for the method."""
    return macro_interval(values, clusters, [""] * len(values))


def macro_interval(values: Sequence[float], clusters: Sequence[str], groups: Sequence[str]) -> Interval:
    """Return the mean over groups of their means, with a 95 % interval clustered by image.

    The variance is that of a weighted mean linearised over clusters, with the factor G / (G - 1), and never below
    that of independent answers. It becomes an effective number of answers, and that becomes a Wilson interval with
    Student's t for G - 1. Where all answers agree, the clusters are the effective number, so
    that a perfect score on few images keeps a wide interval; with one cluster nothing is known.

    Args:
        values: one per answer, in [0, 1].
        clusters: the image or article of each answer.
        groups: the question type of each answer.

    Raises:
        DataError: there are no values, or one lies outside [0, 1].

    Source:
        Miller 2024, arXiv 2411.00640 (clustered errors); Dean and Pagano 2015, Survey Methodology 41-1 (Wilson
        intervals on the effective sample size).
    """
    x = np.asarray(values, dtype=np.float64)
    if not len(x):
        raise DataError("mean of no answers", expected="at least one answer")
    if not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
        raise DataError("values of a share", got=f"{x.min()} to {x.max()}", expected="0 to 1")
    group_ids, num_groups = _numbered(groups)
    cluster_ids, num_clusters = _numbered(clusters)
    group_sizes = np.bincount(group_ids, minlength=num_groups)
    weights = 1.0 / (num_groups * group_sizes[group_ids])
    group_means = np.bincount(group_ids, weights=x, minlength=num_groups) / group_sizes
    value = float(group_means.mean())
    if num_clusters == 1:
        return Interval(value=value, low=0.0, high=1.0, num_clusters=1)
    residuals = np.bincount(cluster_ids, weights=weights * (x - group_means[group_ids]))
    variance = float(np.square(residuals).sum()) * num_clusters / (num_clusters - 1)
    independent = float(np.square(weights * (x - value)).sum())
    effective_n = 1.0 / float(np.square(weights).sum())
    if value in (0.0, 1.0):
        effective_n = 1.0 / float(np.square(np.bincount(cluster_ids, weights=weights)).sum())
    elif independent > 0:
        effective_n = min(_MOST_PER_ANSWER * effective_n, value * (1 - value) / max(variance, independent))
    low, high = _wilson(value, effective_n, float(stdtrit(num_clusters - 1, _TAIL)))
    return Interval(value=value, low=low, high=high, num_clusters=num_clusters)


def _numbered(names: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    """Return the number of each name among the distinct ones, and how many these are."""
    distinct, numbers = np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)
    return numbers, len(distinct)


def _wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return the Wilson interval of a share of n answers, which always holds the share itself."""
    scale = 1 + quantile**2 / n
    centre = (share + quantile**2 / (2 * n)) / scale
    half = quantile / scale * math.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2))
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
