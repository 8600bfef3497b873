"""F1 over labels against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from doctorsun.eval.protocols.label_f1 import macro_f1, weighted_f1
from doctorsun.eval.protocols.verdict import Verdict


@pytest.fixture
def labelled(make_prediction):
    """Return predictions whose gold is a label, and verdicts that read one, wrong ones and none among them."""
    rng = np.random.default_rng(5)
    golds = rng.choice(["yes", "no", "maybe"], size=60, p=[0.6, 0.3, 0.1])
    said = rng.choice(["yes", "no", "maybe", "perhaps", ""], size=60)
    predictions = [make_prediction(id=str(number), gold=(str(gold),)) for number, gold in enumerate(golds)]
    return predictions, [Verdict(values={}, said=str(label)) for label in said]


@pytest.mark.parametrize(("make", "average"), [(macro_f1, "macro"), (weighted_f1, "weighted")])
def test_f1_is_that_of_scikit_learn(labelled, make, average):
    predictions, verdicts = labelled
    metric = make(lambda row: row.gold[0])
    golds, said = [row.gold[0] for row in predictions], [verdict.said for verdict in verdicts]

    value = metric.value(metric.sums(predictions, verdicts).sum(axis=0))

    assert value == pytest.approx(f1_score(golds, said, average=average, zero_division=0))


def test_a_label_that_a_draw_lacks_does_not_count_in_it(labelled):
    predictions, verdicts = labelled
    metric = macro_f1(lambda row: row.gold[0])
    sums = metric.sums(predictions, verdicts)
    part = [number for number, verdict in enumerate(verdicts) if verdict.said != "perhaps"]

    alone = metric.sums([predictions[number] for number in part], [verdicts[number] for number in part])

    assert metric.value(sums[part].sum(axis=0)) == pytest.approx(float(metric.value(alone.sum(axis=0))))


def test_many_totals_are_valued_at_once(labelled):
    metric = weighted_f1(lambda row: row.gold[0])
    sums = metric.sums(*labelled)

    values = metric.value(np.stack([sums.sum(axis=0), sums[:30].sum(axis=0)]))

    assert values.shape == (2,)
    assert values[1] == metric.value(sums[:30].sum(axis=0))
