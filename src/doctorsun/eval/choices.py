"""Choices: answers whose options have likelihoods, as log-probabilities with the place of the right one."""

from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from doctorsun.schema import Prediction
from doctorsun.text.polarity import LEXICON_1, bare_polarity

_LEAST_OPTIONS = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """One question with likelihoods; ``gold`` is the place of the right option among ``logprobs``."""

    id: str
    cluster: str
    logprobs: tuple[float, ...]
    gold: int

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """Return the options' probabilities, one against the other, at a temperature; [options]."""
        scaled = np.asarray(self.logprobs) / temperature
        weights = np.exp(scaled - scaled.max())
        return weights / weights.sum()


def choices_of(predictions: Iterable[Prediction]) -> list[Choice]:
    """Return the answers with the real images that have a likelihood for each option and one right option.

    Those are multiple-choice questions and closed ones; of the latter, golds that are neither yes nor no have no
    option of their own.
    """
    found: list[Choice] = []
    for row in predictions:
        gold = _place_of_gold(row)
        if row.image_control == "real" and row.status == "ok" and gold is not None:
            found.append(Choice(row.id, row.cluster, row.option_logprobs, gold))
    return found


def _place_of_gold(row: Prediction) -> int | None:
    num = len(row.option_logprobs)
    if num < _LEAST_OPTIONS or not np.isfinite(row.option_logprobs).all():
        return None
    if row.kind == "mcq" and num == len(row.options) and len(row.gold) == 1:
        return ascii_uppercase.index(row.gold[0].strip().upper())
    if row.kind == "closed":
        words = [bare_polarity(option, LEXICON_1) for option in row.options] or ["yes", "no"]
        golds = {bare_polarity(gold, LEXICON_1) for gold in row.gold}
        places = [place for place, word in enumerate(words) if word is not None and word in golds]
        return places[0] if len(places) == 1 and num == len(words) else None
    return None
