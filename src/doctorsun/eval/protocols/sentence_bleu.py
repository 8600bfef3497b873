"""BLEU of one sentence as NLTK computes it without smoothing, for the protocols of kits that report it."""

import math
import sys
from collections import Counter
from collections.abc import Sequence


def sentence_bleu(gold: Sequence[str], said: Sequence[str], weights: Sequence[float]) -> float:
    """Return the weighted geometric mean of n-gram precisions with the brevity penalty.

    An order without a match counts as the smallest float, so that the mean is all but nothing; without a common word
    it is 0.
    """
    precisions = [_precision(gold, said, order) for order in range(1, len(weights) + 1)]
    if not precisions[0]:
        return 0.0
    logs = (weight * math.log(share or sys.float_info.min) for weight, share in zip(weights, precisions, strict=True))
    penalty = 1.0 if len(said) > len(gold) else math.exp(1 - len(gold) / len(said))
    return penalty * math.exp(math.fsum(logs))


def _precision(gold: Sequence[str], said: Sequence[str], order: int) -> float:
    in_gold, in_said = _ngrams(gold, order), _ngrams(said, order)
    return (in_gold & in_said).total() / max(1, in_said.total())


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + order]) for start in range(len(words) - order + 1))
