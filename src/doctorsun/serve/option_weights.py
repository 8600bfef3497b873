"""How likely each offered option is, from the likeliest first tokens that a server tells."""

import math
from collections.abc import Sequence

from doctorsun.generate.options import ways_to_write
from doctorsun.serve.engine import TokenLogprob

_NEGLIGIBLE = math.log(0.01)


def option_logprobs(first: TokenLogprob | None, question: str, options: Sequence[str]) -> tuple[float, ...]:
    """Return the natural log of the probability that the answer begins with each option.

    That is the sum over the options' ways of writing of which one token is the whole, as letters and yes and no are.

    Args:
        first: the first token of the answer, with the likeliest ones at its place.
        question: the words that the model read last.
        options: texts of the choices.

    Returns:
        Nothing, where the server does not tell them of every option, or a later token decides.
    """
    told = {each.text: each.logprob for each in (first, *first.top)} if first else {}
    written = ways_to_write(question, options)
    found = [[told[way] for way in dict.fromkeys(ways) if way in told] for ways in written]
    if not all(found) or any(_is_open(token, written) for token in told if told[token] > _NEGLIGIBLE):
        return ()
    return tuple(_log_sum(each) for each in found)


def _is_open(token: str, written: Sequence[Sequence[str]]) -> bool:
    """Tell whether a token only begins ways of writing, so that the next token would decide."""
    ways = [way for option in written for way in option]
    return token not in ways and any(way.startswith(token) for way in ways)


def _log_sum(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(sum(math.exp(each - most) for each in logs))
