"""Comparison of two models that answered the same questions: paired tests, corrected for their number."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import binomtest, norm

from doctorsun.eval.bootstrap import Sums, drawn
from doctorsun.eval.pairing import Pair, Side, common_protocols, paired
from doctorsun.eval.protocols import Protocol, Verdict, protocols_for
from doctorsun.eval.summary import headline_metric

_NUM_DRAWS = 10_000
_TAIL = 0.025
_POWER = 0.8
_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One metric of two models on the same questions.

    Attributes:
        difference: value of ``other`` minus value of ``one``.
        low: lower end of its 95 % interval, from drawing clusters again with both models' answers.
        high: upper end of that interval.
        only_one: of a metric of right and wrong: questions that ``one`` alone got right.
        only_other: those that ``other`` alone got right.
        p_mcnemar: exact McNemar test of right and wrong, which takes answers as independent; None for others.
        p_clustered: two-sided test of no difference, from the same draws as the interval.
        p: the larger of the two.
        p_holm: ``p`` corrected by Holm for all headline metrics of the comparison; None for others.
        detectable: the smallest difference that such a set would show with a power of 80 %.
        is_different: the corrected ``p`` lies below 0.05.
    """

    task: str
    language: str
    kind: str
    protocol: str
    metric: str
    one: str
    other: str
    value_one: float
    value_other: float
    difference: float
    low: float
    high: float
    n: int
    num_clusters: int
    only_one: int | None
    only_other: int | None
    p_mcnemar: float | None
    p_clustered: float
    p: float
    p_holm: float | None = None
    detectable: float
    is_different: bool | None = None


@dataclass(frozen=True, slots=True)
class _Metric:
    """What each answer of either model adds, [answers, sums], and how total sums become the metric."""

    name: str
    one: Sums
    other: Sums
    value: Callable[[Sums], Sums]

    @property
    def width(self) -> int:
        return self.one.shape[1]

    def difference(self, totals: Sums) -> Sums:
        """Return the second model's metric minus the first's, of total sums of both side by side."""
        return self.value(totals[..., self.width :]) - self.value(totals[..., : self.width])


def compare(sides: Iterable[tuple[Side, Side]], protocols: Sequence[str] = ()) -> list[Comparison]:
    """Compare two models on every task that both were asked.

    Args:
        sides: for each task, the answers of the one and of the other model.
        protocols: names to compare by; those that the scores were made by when not given, else the house protocols.

    Raises:
        DataError: the two were asked different questions, with other prompts, or were scored by other protocols.
        RecipeError: a protocol of such a name does not exist.
    """
    found: list[Comparison] = []
    for one, other in sides:
        groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
        for pair in paired(one, other):
            groups[pair[0].language, pair[0].kind].append(pair)
        for (_, kind), pairs in groups.items():
            names = protocols or common_protocols(one.predictions[0].task, kind, one, other)
            for protocol in protocols_for(pairs[0][0].kind, names):
                asked = _counted(pairs, protocol)
                found += _compared(asked, protocol, one.name, other.name) if asked else []
    return _corrected(found)


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p-values corrected by Holm's step-down method, in their order.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6.
    """
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = largest
    return corrected


def _counted(pairs: Sequence[Pair], protocol: Protocol) -> list[Pair]:
    """Return the pairs of which a protocol counts both answers."""
    one, other = ({row.id: row for row in protocol.counted([pair[side] for pair in pairs])} for side in (0, 1))
    return [(row, other[id_]) for id_, row in one.items() if id_ in other]


def _compared(pairs: Sequence[Pair], protocol: Protocol, one: str, other: str) -> list[Comparison]:
    row = pairs[0][0]
    metrics = _metrics(pairs, protocol)
    names, cluster_ids = np.unique([first.cluster for first, _ in pairs], return_inverse=True)
    sums = np.concatenate([part for metric in metrics for part in (metric.one, metric.other)], axis=1)
    by_cluster = np.zeros((len(names), sums.shape[1]))
    np.add.at(by_cluster, cluster_ids, sums)
    draws = _draws(metrics, by_cluster)
    return [
        Comparison(
            task=row.task,
            language=row.language,
            kind=row.kind,
            protocol=protocol.name,
            one=one,
            other=other,
            n=len(pairs),
            num_clusters=len(names),
            **_numbers(metric, draws[:, place], len(names)),
        )
        for place, metric in enumerate(metrics)
    ]


def _draws(metrics: Sequence[_Metric], by_cluster: Sums) -> Sums:
    """Return differences as other images would give them, [draws, metrics]; of one image they tell nothing."""
    num = len(by_cluster)
    if num == 1:
        return np.tile([[-1.0], [1.0]], (_NUM_DRAWS // 2, len(metrics)))
    draws = drawn(by_cluster, lambda totals: _differences(metrics, totals), _NUM_DRAWS)
    whole = _differences(metrics, by_cluster.sum(axis=0))
    # Draws of few clusters lie too close together: by G / (G - 1) in variance, and by Student's t in their ends.
    wider = np.sqrt(num / (num - 1)) * stdtrit(num - 1, 1 - _TAIL) / norm.ppf(1 - _TAIL)
    return whole + wider * (draws - whole)


def _metrics(pairs: Sequence[Pair], protocol: Protocol) -> list[_Metric]:
    """Return every metric of a protocol, with the mean over question types where there is a share of right answers."""
    columns = [[pair[side] for pair in pairs] for side in (0, 1)]
    verdicts = [[protocol.judge(row) for row in column] for column in columns]
    first, second = verdicts
    found = [_Metric(name, _mean_sums(first, name), _mean_sums(second, name), _mean) for name in protocol.metrics]
    if "accuracy" in protocol.metrics:
        types = [row.question_type for row in columns[0]]
        one_type = replace(found[protocol.metrics.index("accuracy")], name="macro_accuracy")
        several = _Metric("macro_accuracy", _macro_sums(first, types), _macro_sums(second, types), _macro)
        found.append(several if len(set(types)) > 1 else one_type)
    for metric in protocol.corpus:
        one, other = (metric.sums(column, side) for column, side in zip(columns, verdicts, strict=True))
        found.append(_Metric(metric.name, one, other, metric.value))
    return found


def _mean_sums(verdicts: Sequence[Verdict], metric: str) -> Sums:
    return np.array([[verdict.values[metric], 1.0] for verdict in verdicts])


def _mean(totals: Sums) -> Sums:
    return totals[..., 0] / totals[..., 1]


def _macro_sums(verdicts: Sequence[Verdict], types: Sequence[str]) -> Sums:
    distinct, places = np.unique(types, return_inverse=True)
    belongs = np.eye(len(distinct))[places]
    right = np.array([verdict.values["accuracy"] for verdict in verdicts])
    return np.concatenate([belongs * right[:, None], belongs], axis=1)


def _macro(totals: Sums) -> Sums:
    half = totals.shape[-1] // 2
    counts = totals[..., half:]  # a draw of images may hold no question of a rare type
    shares = np.divide(totals[..., :half], counts, out=np.zeros_like(counts), where=counts > 0)
    return shares.sum(axis=-1) / (counts > 0).sum(axis=-1)


def _differences(metrics: Sequence[_Metric], totals: Sums) -> Sums:
    """Return the difference in each metric of total sums, [..., sums] to [..., metrics]."""
    ends = np.cumsum([2 * metric.width for metric in metrics])
    parts = np.split(totals, ends[:-1], axis=-1)
    return np.stack([metric.difference(part) for metric, part in zip(metrics, parts, strict=True)], axis=-1)


def _numbers(metric: _Metric, draws: Sums, num_clusters: int) -> dict[str, Any]:
    one, other = (float(metric.value(side.sum(axis=0))) for side in (metric.one, metric.other))
    low, high = (float(end) for end in np.quantile(draws, [_TAIL, 1 - _TAIL]))
    detectable = float((norm.ppf(1 - _TAIL) + norm.ppf(_POWER)) * draws.std())
    if low == high:  # no image differs: the share of images that would is that of none in so many
        detectable = 1 - _TAIL ** (1 / num_clusters)
        low, high = max(-1.0, low - detectable), min(1.0, high + detectable)
    below, above = ((int(side.sum()) + 1) / (len(draws) + 1) for side in (draws <= 0, draws >= 0))
    p_clustered = min(1.0, 2 * min(below, above))
    only_one, only_other, p_mcnemar = _mcnemar(metric)
    return {
        "metric": metric.name,
        "value_one": one,
        "value_other": other,
        "difference": other - one,
        "low": min(low, other - one),
        "high": max(high, other - one),
        "only_one": only_one,
        "only_other": only_other,
        "p_mcnemar": p_mcnemar,
        "p_clustered": p_clustered,
        "p": max(p_clustered, p_mcnemar or 0.0),
        "detectable": min(1.0, detectable),
    }


def _mcnemar(metric: _Metric) -> tuple[int | None, int | None, float | None]:
    """Return how many questions either model alone got right, and the exact test; None where values are graded."""
    if metric.value is not _mean:
        return None, None, None
    one, other = metric.one[:, 0], metric.other[:, 0]
    if not (_is_binary(one) and _is_binary(other)):
        return None, None, None
    only_one, only_other = int((one > other).sum()), int((other > one).sum())
    if not only_one + only_other:
        return 0, 0, 1.0
    return only_one, only_other, float(binomtest(only_one, only_one + only_other).pvalue)


def _is_binary(values: NDArray[np.float64]) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _corrected(found: Sequence[Comparison]) -> list[Comparison]:
    """Correct the headline metric of every task, language, kind and protocol for how many of them there are."""
    headlines = [place for place, row in enumerate(found) if _is_headline(row, found)]
    corrected: Mapping[int, float] = dict(zip(headlines, holm([found[place].p for place in headlines]), strict=True))
    return [
        replace(row, p_holm=corrected[place], is_different=corrected[place] < _SIGNIFICANT)
        if place in corrected
        else row
        for place, row in enumerate(found)
    ]


def _is_headline(row: Comparison, found: Sequence[Comparison]) -> bool:
    """Say whether a metric stands for its protocol, or is the first of one that lacks such a metric."""
    names = [each.metric for each in found if _place(each) == _place(row)]
    wanted = headline_metric(row.kind, row.protocol)
    return row.metric == (wanted if wanted in names else names[0])


def _place(row: Comparison) -> tuple[str, ...]:
    return row.task, row.language, row.kind, row.protocol
