"""How likely a model finds each of several given continuations of prompts that it has just read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor

from doctorsun.generate.cache import SlotCache
from doctorsun.generate.network import RaggedNetwork, Span
from doctorsun.generate.request import Forms


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A prompt that lies in a row of the cache, and the options that may continue it."""

    row: int
    length: int
    options: tuple[Forms, ...]

    @property
    def longer_forms(self) -> list[tuple[int, ...]]:
        """The forms that go on after their first token."""
        return [form for option in self.options for form in option if len(form) > 1]


def option_logprobs(
    network: RaggedNetwork, cache: SlotCache, trunks: Sequence[Trunk], logits: Float[Tensor, "trunks vocab"]
) -> list[tuple[float, ...]]:
    """Return the natural log-probability that each prompt goes on with each of its options.

    An option counts in any of its forms: their probabilities are added. The prompts stay as they are in the cache, and
    no form sees another.

    Args:
        network: what read the prompts.
        cache: where they lie; the columns after them are written.
        trunks: the prompts and their options.
        logits: of the token after each prompt.
    """
    firsts = logits.log_softmax(dim=-1)
    rests = _rests(network, cache, trunks)
    scores: list[tuple[float, ...]] = []
    for trunk, first, rest in zip(trunks, firsts, rests, strict=True):
        remaining = iter(rest)
        forms = [
            [float(first[form[0]]) + (next(remaining) if len(form) > 1 else 0.0) for form in option]
            for option in trunk.options
        ]
        scores.append(tuple(float(torch.tensor(each, dtype=torch.float64).logsumexp(dim=0)) for each in forms))
    return scores


def _rests(network: RaggedNetwork, cache: SlotCache, trunks: Sequence[Trunk]) -> list[list[float]]:
    """Return, per prompt, the log-probability of what follows the first token of each of its longer forms."""
    branching = [i for i, trunk in enumerate(trunks) if trunk.longer_forms]
    rests: list[list[float]] = [[] for _ in trunks]
    for indices, hidden in network.read(cache, [_span(trunks[i]) for i in branching]) if branching else ():
        for place, trunk_index in enumerate(branching[i] for i in indices):
            forms = trunks[trunk_index].longer_forms
            targets = torch.tensor([token for form in forms for token in form[1:]], device=network.device)
            logits = network.logits(hidden[place, : len(targets)])
            logprobs = logits.gather(-1, targets[:, None])[:, 0] - logits.logsumexp(dim=-1)
            rests[trunk_index] = [float(each.sum()) for each in logprobs.split([len(form) - 1 for form in forms])]
    return rests


def _span(trunk: Trunk) -> Span:
    """Return all longer forms but their last tokens, each as a branch behind the prompt."""
    forms = trunk.longer_forms
    ids = tuple(token for form in forms for token in form[:-1])
    branches = tuple(accumulate((len(form) - 1 for form in forms[:-1]), initial=0))
    return Span(row=trunk.row, start=trunk.length, ids=ids, branches=branches)
