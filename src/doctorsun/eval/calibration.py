"""Calibration: how far the likelihood of an option can be believed, and when it is better not to answer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from doctorsun.errors import DataError
from doctorsun.eval.choices import Choice
from doctorsun.eval.statistics import mean_interval

TARGET_RISKS = (0.05, 0.1, 0.2)

Numbers = NDArray[np.float64]

_NUM_BINS = 10
_NUM_POINTS = 50
_LEAST_CLUSTERS = 10
_TEMPERATURES = (0.02, 50.0)
_COVERAGES = tuple(step / 20 for step in range(20, 0, -1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Answers of like confidence: how sure the model was on average, and how often it was right."""

    confidence: float
    accuracy: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """Answering only at this confidence and above: the share that is answered, and the share of it that is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """The confidence below which to abstain for a wanted risk, and what came of it on questions not used to find it.

    Attributes:
        threshold: None where no threshold held the risk with certainty.
        low: lower end of the 95 % interval of ``risk``, clustered by image.
        high: upper end of that interval.
    """

    target_risk: float
    threshold: float | None
    coverage: float | None = None
    risk: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What was found on one half of the questions, and measured on the other; halves share no image.

    Attributes:
        temperature: log-probabilities are divided by it.
        at_bound: the lowest or highest temperature that is tried does as well: the best one lies beyond, or nowhere.
        ece: expected calibration error over ten bins of equal size; ``ece_raw`` is that at temperature 1.
        brier: mean over questions of the squared distance of probabilities from the truth, 0 to 2.
        nll: mean negative log-likelihood of the right option.
        aurc: area under the risk-coverage curve; ``aurc_best`` is that of a perfect order of the same answers.
    """

    num_fitted: int
    num_measured: int
    num_clusters: int
    temperature: float
    at_bound: bool
    accuracy: float
    ece: float
    ece_raw: float
    brier: float
    brier_raw: float
    nll: float
    nll_raw: float
    aurc: float
    aurc_best: float
    reliability: tuple[ReliabilityBin, ...]
    risk_coverage: tuple[RiskPoint, ...]
    abstention: tuple[Abstention, ...]


@dataclass(frozen=True, slots=True)
class _Half:
    """Confidence in the likeliest option and whether it is right, surest first, with the images."""

    confidence: Numbers
    right: Numbers
    clusters: tuple[str, ...]


def calibrate(choices: Sequence[Choice]) -> Calibration:
    """Fit a temperature and abstention thresholds on half of the images and measure them on the other half.

    Raises:
        DataError: either half has fewer than ten images.

    Source:
        Guo et al., ICML 2017 (temperature by maximum likelihood); Geifman et al., ICLR 2019 (AURC).
    """
    ordered = sorted(choices, key=lambda choice: (choice.cluster, choice.id))
    fitted = [choice for choice in ordered if _is_first_half(choice.cluster)]
    measured = [choice for choice in ordered if not _is_first_half(choice.cluster)]
    least = min(len({choice.cluster for choice in half}) for half in (fitted, measured))
    if least < _LEAST_CLUSTERS:
        raise DataError("calibration", got=f"{least} images in a half", expected=f"at least {_LEAST_CLUSTERS}")
    temperature = fit_temperature(fitted)
    first, second, raw = _half(fitted, temperature), _half(measured, temperature), _half(measured, 1.0)
    risks = _risks(second)
    return Calibration(
        num_fitted=len(fitted),
        num_measured=len(measured),
        num_clusters=len({choice.cluster for choice in choices}),
        temperature=temperature,
        at_bound=is_at_bound(fitted, temperature),
        accuracy=float(second.right.mean()),
        ece=expected_calibration_error(second.confidence, second.right),
        ece_raw=expected_calibration_error(raw.confidence, raw.right),
        brier=_brier(measured, temperature),
        brier_raw=_brier(measured, 1.0),
        nll=_nll(measured, temperature),
        nll_raw=_nll(measured, 1.0),
        aurc=float(risks.mean()),
        aurc_best=float(_risks_of(np.sort(second.right)[::-1]).mean()),
        reliability=tuple(_bins(second.confidence, second.right)),
        risk_coverage=_points(second, risks),
        abstention=tuple(_abstention(target, first, second) for target in TARGET_RISKS),
    )


def fit_temperature(choices: Sequence[Choice]) -> float:
    """Return the temperature that makes the right options likeliest."""
    low, high = np.log(_TEMPERATURES)
    found = minimize_scalar(lambda log: _nll(choices, float(np.exp(log))), bounds=(low, high), method="bounded")
    return float(np.exp(found.x))


def is_at_bound(choices: Sequence[Choice], temperature: float) -> bool:
    """Say whether the lowest or the highest temperature that is tried does as well as the fitted one."""
    return min(_nll(choices, bound) for bound in _TEMPERATURES) <= _nll(choices, temperature)


def expected_calibration_error(confidence: Numbers, right: Numbers) -> float:
    """Return the mean distance of confidence from accuracy over bins of equal size, weighted by their size.

    Args:
        confidence: [answers], in [0, 1].
        right: [answers], 0 or 1.

    Source:
        Nguyen and O'Connor, EMNLP 2015 (bins of equal size).
    """
    bins = _bins(confidence, right)
    return sum(abs(each.confidence - each.accuracy) * each.n for each in bins) / len(right)


def _is_first_half(cluster: str) -> bool:
    return hashlib.sha256(cluster.encode()).digest()[0] % 2 == 0


def _half(choices: Sequence[Choice], temperature: float) -> _Half:
    probabilities = [choice.probabilities(temperature) for choice in choices]
    confidence = np.array([each.max() for each in probabilities])
    pairs = zip(probabilities, choices, strict=True)
    # An answer between options that are exactly as likely is a guess, right in one of so many cases.
    right = np.array([(each[choice.gold] == each.max()) / (each == each.max()).sum() for each, choice in pairs])
    order = np.argsort(-confidence, kind="stable")
    return _Half(confidence[order], right[order], tuple(choices[place].cluster for place in order))


def _nll(choices: Sequence[Choice], temperature: float) -> float:
    likely = [choice.probabilities(temperature)[choice.gold] for choice in choices]
    return float(-np.log(np.maximum(likely, np.finfo(np.float64).tiny)).mean())


def _brier(choices: Sequence[Choice], temperature: float) -> float:
    distances: list[float] = []
    for choice in choices:
        probabilities = choice.probabilities(temperature)
        probabilities[choice.gold] -= 1
        distances.append(float(np.square(probabilities).sum()))
    return sum(distances) / len(distances)


def _bins(confidence: Numbers, right: Numbers) -> list[ReliabilityBin]:
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, _NUM_BINS) if len(part)]
    return [
        ReliabilityBin(confidence=float(confidence[part].mean()), accuracy=float(right[part].mean()), n=len(part))
        for part in parts
    ]


def _risks_of(right: Numbers) -> Numbers:
    """Return the share of wrong answers among the first, the first two, and so on."""
    return 1 - np.cumsum(right) / np.arange(1, len(right) + 1)


def _risks(half: _Half) -> Numbers:
    """Return the risk at each coverage; answers of one confidence come in no order, and share their mean."""
    levels, places = np.unique(-half.confidence, return_inverse=True)
    means = np.bincount(places, weights=half.right, minlength=len(levels)) / np.bincount(places, minlength=len(levels))
    return _risks_of(means[places])


def _points(half: _Half, risks: Numbers) -> tuple[RiskPoint, ...]:
    num = len(risks)
    places = np.unique(np.linspace(0, num - 1, min(num, _NUM_POINTS)).round().astype(int))
    return tuple(
        RiskPoint(threshold=float(half.confidence[place]), coverage=float((place + 1) / num), risk=float(risks[place]))
        for place in places
    )


def _abstention(target: float, first: _Half, second: _Half) -> Abstention:
    """Take the widest coverage whose risk stays below the target with its whole interval, on the first half."""
    for coverage in _COVERAGES:
        num = max(1, round(coverage * len(first.right)))
        threshold = float(first.confidence[num - 1])
        kept = first.confidence >= threshold
        if _risk_interval(first, kept)[2] <= target:
            answered = second.confidence >= threshold
            if not answered.any():
                return Abstention(target_risk=target, threshold=threshold, coverage=0.0)
            risk, low, high = _risk_interval(second, answered)
            return Abstention(
                target_risk=target,
                threshold=threshold,
                coverage=float(answered.mean()),
                risk=risk,
                low=low,
                high=high,
            )
    return Abstention(target_risk=target, threshold=None)


def _risk_interval(half: _Half, kept: NDArray[np.bool_]) -> tuple[float, float, float]:
    clusters = [cluster for cluster, is_kept in zip(half.clusters, kept, strict=True) if is_kept]
    found = mean_interval((1 - half.right[kept]).tolist(), clusters)
    return found.value, found.low, found.high
