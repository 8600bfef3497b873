"""F1 over labels, as scikit-learn counts it: macro (each class alike) and weighted (by its share of the truth)."""

from collections.abc import Callable, Sequence

import numpy as np

from doctorsun.eval.bootstrap import Sums
from doctorsun.eval.protocols.verdict import CorpusMetric, Verdict
from doctorsun.schema import Prediction

Truth = Callable[[Prediction], str]


def macro_f1(truth: Truth) -> CorpusMetric:
    """Return the mean of F1 over every label that occurs, wrong ones that only answers name among them."""
    return CorpusMetric(name="macro_f1", sums=_counts(truth), value=_macro)


def weighted_f1(truth: Truth) -> CorpusMetric:
    """Return the mean of F1 over the true labels, each with the weight of its share."""
    return CorpusMetric(name="weighted_f1", sums=_counts(truth), value=_weighted)


def _counts(truth: Truth) -> Callable[[Sequence[Prediction], Sequence[Verdict]], Sums]:
    def counts(predictions: Sequence[Prediction], verdicts: Sequence[Verdict]) -> Sums:
        """Return [answers, 3 * labels]: hits, answers and truths of each label."""
        golds, said = [truth(row) for row in predictions], [verdict.said for verdict in verdicts]
        places = {label: place for place, label in enumerate(dict.fromkeys([*golds, *said]))}
        said_is, gold_is = np.zeros((2, len(golds), len(places)))
        said_is[np.arange(len(said)), [places[label] for label in said]] = 1
        gold_is[np.arange(len(golds)), [places[label] for label in golds]] = 1
        return np.concatenate([said_is * gold_is, said_is, gold_is], axis=1)

    return counts


def _f1(sums: Sums) -> tuple[Sums, Sums, Sums]:
    """Return F1 and the numbers of answers and truths of each label, [..., labels]."""
    hits, said, gold = np.split(sums, 3, axis=-1)
    return 2 * hits / np.maximum(said + gold, 1), said, gold


def _macro(sums: Sums) -> Sums:
    f1, said, gold = _f1(sums)
    return f1.sum(axis=-1) / ((said + gold) > 0).sum(axis=-1)


def _weighted(sums: Sums) -> Sums:
    f1, _, gold = _f1(sums)
    return (f1 * gold).sum(axis=-1) / gold.sum(axis=-1)
