"""Protocol report_ngrams@1: reports by the runs of tokens that they share with the gold, ROUGE-L and corpus BLEU."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from doctorsun.eval.bootstrap import Sums
from doctorsun.eval.protocols.verdict import CorpusMetric, Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import without_reasoning
from doctorsun.text.segment import Unit, answer_tokens

_ORDERS = 4


def judge_report_ngrams_1(prediction: Prediction) -> Verdict:
    """Judge a report by ROUGE-L F1 (Lin, 2004) against the gold that it agrees with best.

    Tokens are English words, without case, punctuation and articles, and Chinese characters; ``word_rouge_l`` cuts
    Chinese with jieba. It measures wording, not clinical truth: template words alone earn much of it, so read it
    beside its controls.
    """
    if not _said(prediction, "character"):
        return REPORT_NGRAMS_1.nothing()
    by_unit = {"rouge_l": _best_rouge_l(prediction, "character"), "word_rouge_l": _best_rouge_l(prediction, "word")}
    return Verdict(values=by_unit)


def _said(prediction: Prediction, unit: Unit) -> list[str]:
    return answer_tokens(without_reasoning(prediction.output), unit) if prediction.status == "ok" else []


def _golds(prediction: Prediction, unit: Unit) -> list[list[str]]:
    return [answer_tokens(gold, unit) for gold in prediction.gold if gold.strip()]


def _best_rouge_l(prediction: Prediction, unit: Unit) -> float:
    said = _said(prediction, unit)
    return max(_rouge_l(said, gold) for gold in _golds(prediction, unit))


def _rouge_l(said: list[str], gold: list[str]) -> float:
    """Return 2 * LCS / (len(said) + len(gold)), the F1 of recall and precision of the common subsequence."""
    lengths = [0] * (len(gold) + 1)
    for token in said:
        previous = 0
        for column, other in enumerate(gold, start=1):
            diagonal, previous = previous, lengths[column]
            lengths[column] = diagonal + 1 if token == other else max(lengths[column], lengths[column - 1])
    return 2 * lengths[-1] / (len(said) + len(gold))


def _bleu_sums(unit: Unit) -> Callable[[Sequence[Prediction], Sequence[Verdict]], Sums]:
    def sums(predictions: Sequence[Prediction], verdicts: Sequence[Verdict]) -> Sums:
        """Return [answers, 10]: shared and said n-grams of each order, the length said and the gold's length."""
        del verdicts
        return np.asarray([_bleu_row(_said(row, unit), _golds(row, unit)) for row in predictions], dtype=np.float64)

    return sums


def _bleu_row(said: list[str], golds: list[list[str]]) -> list[int]:
    shared: list[int] = []
    for order in range(1, _ORDERS + 1):
        most: Counter[tuple[str, ...]] = Counter()
        for gold in golds:
            most |= _ngrams(gold, order)
        shared.append((_ngrams(said, order) & most).total())
    num_said = [max(0, len(said) - order) for order in range(_ORDERS)]
    nearest = min((len(gold) for gold in golds), key=lambda length: (abs(length - len(said)), length))
    return [*shared, *num_said, len(said), nearest]


def _ngrams(tokens: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[start : start + order]) for start in range(len(tokens) - order + 1))


def _bleu(sums: Sums) -> Sums:
    """Return corpus BLEU of orders 1 to 4 with the brevity penalty.

    An order without a match counts as half of one, the next as a quarter (Chen and Cherry 2014, method 3; ``exp`` of
    sacreBLEU, which is the default there).
    """
    shared, said = sums[..., :_ORDERS], sums[..., _ORDERS : 2 * _ORDERS]
    length, gold_length = sums[..., -2], sums[..., -1]
    missed = np.cumsum(shared == 0, axis=-1)
    precision = np.where(shared > 0, shared, 0.5**missed) / np.maximum(said, 1)
    found = np.where((shared[..., 0] > 0) & (said[..., -1] > 0), np.exp(np.log(precision).mean(axis=-1)), 0.0)
    return found * np.exp(np.minimum(0.0, 1 - gold_length / np.maximum(length, 1)))


REPORT_NGRAMS_1 = Protocol(
    name="report_ngrams@1",
    kinds=("report",),
    metrics=("rouge_l", "word_rouge_l"),
    rule=judge_report_ngrams_1,
    corpus=(
        CorpusMetric(name="bleu4", sums=_bleu_sums("character"), value=_bleu),
        CorpusMetric(name="word_bleu4", sums=_bleu_sums("word"), value=_bleu),
    ),
)
