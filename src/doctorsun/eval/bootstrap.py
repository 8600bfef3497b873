"""95 % intervals of metrics that are no means over answers, such as F1 and corpus BLEU: clusters are drawn again."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from doctorsun.eval.statistics import Interval, mean_interval

Sums = NDArray[np.float64]

_NUM_DRAWS = 2000
_SEED = 20250811
_TAIL = 0.975
_DRAWN_AT_ONCE = 4_000_000


def bootstrap_interval(sums: Sums, clusters: Sequence[str], value: Callable[[Sums], Sums]) -> Interval:
    """Return a metric of sums over answers with its 95 % interval.

    Clusters are drawn with replacement, always by the same seed. The percentiles lie further out the fewer
    clusters there are, as Student's t does for a mean. Where every answer is right or every one is wrong, all
    draws are the same, and the interval is that of a share among as many clusters; with one cluster nothing is known.

    Args:
        sums: [answers, sums], what each answer adds.
        clusters: the image or article of each answer.
        value: the metric in [0, 1] of total sums, [..., sums] to [...].

    Source:
        Hesterberg 2015, The American Statistician 69-4 (expanded percentile intervals).
    """
    whole = float(value(sums.sum(axis=0)))
    names, cluster_ids = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    num = len(names)
    if num == 1 or whole in (0.0, 1.0):
        return mean_interval([whole] * num, [str(name) for name in names])
    by_cluster = np.zeros((num, sums.shape[1]))
    np.add.at(by_cluster, cluster_ids, sums)
    draws = drawn(by_cluster, value)
    tail = float(ndtr(-math.sqrt(num / (num - 1)) * stdtrit(num - 1, _TAIL)))
    low, high = (float(end) for end in np.quantile(draws, [tail, 1 - tail]))
    return Interval(value=whole, low=min(low, whole), high=max(high, whole), num_clusters=num)


def drawn(by_cluster: Sums, value: Callable[[Sums], Sums], num_draws: int = _NUM_DRAWS) -> Sums:
    """Return a metric for each draw of as many clusters as there are; [clusters, sums] to [draws]."""
    num = len(by_cluster)
    rng = np.random.default_rng(_SEED)
    step = max(1, _DRAWN_AT_ONCE // num)
    values: list[Sums] = []
    for start in range(0, num_draws, step):
        rows = min(step, num_draws - start)
        picks = rng.integers(0, num, size=(rows, num)) + num * np.arange(rows)[:, None]
        times = np.bincount(picks.ravel(), minlength=rows * num).reshape(rows, num)
        values.append(value(times.astype(np.float64) @ by_cluster))
    return np.concatenate(values)
