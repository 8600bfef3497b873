"""How likely a model finds each of several given continuations of prompts that it has just read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, inf, log

import torch
from jaxtyping import Float
from torch import Tensor

from doctorsun.generate.cache import SlotCache
from doctorsun.generate.network import RaggedNetwork, Span
from doctorsun.generate.request import Forms

# A way to write an option whose first token alone makes it this much less likely than another way adds less than
# 1.3e-4 to the logarithm, and is not read to its end.
_NEGLIGIBLE = 9.0

Form = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A prompt that lies in a row of the cache, and the options that may continue it."""

    row: int
    length: int
    options: tuple[Forms, ...]


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
    firsts = [_firsts(trunk, logprobs) for trunk, logprobs in zip(trunks, logits.log_softmax(dim=-1), strict=True)]
    longer = [list(dict.fromkeys(form for option in each for form in option if len(form) > 1)) for each in firsts]
    rests = _rests(network, cache, trunks, longer)
    return [
        tuple(_log_of_sum([first + rest.get(form, 0.0) for form, first in option.items()]) for option in each)
        for each, rest in zip(firsts, rests, strict=True)
    ]


def _firsts(trunk: Trunk, logprobs: Float[Tensor, " vocab"]) -> list[dict[Form, float]]:
    """Return, per option, the log-probability of the first token of each form that can count."""
    begun = iter(logprobs[[form[0] for option in trunk.options for form in option]].tolist())
    found = [{form: next(begun) for form in option} for option in trunk.options]
    least = [max((first for form, first in each.items() if len(form) == 1), default=-inf) for each in found]
    return [
        {form: first for form, first in each.items() if len(form) == 1 or first > bound - _NEGLIGIBLE}
        for each, bound in zip(found, least, strict=True)
    ]


def _rests(
    network: RaggedNetwork, cache: SlotCache, trunks: Sequence[Trunk], longer: Sequence[list[Form]]
) -> list[dict[Form, float]]:
    """Return, per prompt, the log-probability of what follows the first token of each of its longer forms."""
    rests: list[dict[Form, float]] = [{} for _ in trunks]
    branching = [number for number, forms in enumerate(longer) if forms]
    spans = [_span(trunks[number], longer[number]) for number in branching]
    for indices, hidden in network.read(cache, spans) if spans else ():
        for place, number in enumerate(branching[i] for i in indices):
            forms = longer[number]
            targets = torch.tensor([token for form in forms for token in form[1:]], device=network.device)
            logits = network.logits(hidden[place, : len(targets)])
            logprobs = logits.gather(-1, targets[:, None])[:, 0] - logits.logsumexp(dim=-1)
            sums = [float(each.sum()) for each in logprobs.split([len(form) - 1 for form in forms])]
            rests[number] = dict(zip(forms, sums, strict=True))
    return rests


def _span(trunk: Trunk, forms: Sequence[Form]) -> Span:
    """Return all longer forms but their last tokens, each as a branch behind the prompt."""
    ids = tuple(token for form in forms for token in form[:-1])
    branches = tuple(accumulate((len(form) - 1 for form in forms[:-1]), initial=0))
    return Span(row=trunk.row, start=trunk.length, ids=ids, branches=branches)


def _log_of_sum(logs: Sequence[float]) -> float:
    """Return the logarithm of a sum of numbers whose logarithms are given."""
    greatest = max(logs)
    return greatest if greatest == -inf else greatest + log(sum(exp(each - greatest) for each in logs))
