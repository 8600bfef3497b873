"""Request and Token: what goes into an engine and what comes out of it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from doctorsun.errors import RequestError

Finish = Literal["stop", "length"]
Forms = tuple[tuple[int, ...], ...]
"""The ways to write one option, as token ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One prompt to continue.

    Attributes:
        prompt_ids: token ids; the image token id stands once for every visual token.
        pixels: the images in order, decoded and resized but not normalised.
        max_tokens: the most new tokens, the stop token included.
        temperature: 0 takes the likeliest token; otherwise logits are divided by it before drawing.
        top_p: draw only from the likeliest tokens that together reach this probability.
        seed: makes the draws repeatable whatever else is in the batch; None draws anew each time.
        stop_ids: the answer ends with any of these.
        options: ways to write each option whose likelihood is wanted; no way of an option begins another of its ways.
        num_top: how many of the likeliest tokens are wanted with each new one.
    """

    prompt_ids: tuple[int, ...]
    pixels: tuple[UInt8[np.ndarray, "3 size size"], ...] = ()
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop_ids: tuple[int, ...] = ()
    options: tuple[Forms, ...] = ()
    num_top: int = 0

    def __post_init__(self) -> None:
        _require(bool(self.prompt_ids), "prompt", "no token", "at least one")
        _require(self.max_tokens >= 1, "max_tokens", str(self.max_tokens), "1 or more")
        _require(0 <= self.temperature < math.inf, "temperature", str(self.temperature), "0 or more, finite")
        _require(0 < self.top_p <= 1, "top_p", str(self.top_p), "above 0 and at most 1")
        is_written = all(option and all(option) for option in self.options)
        _require(is_written, "options", str(self.options), "at least one token in each way to write one")

    @property
    def longest(self) -> int:
        """The most tokens that are read or written after the prompt."""
        return max([self.max_tokens, *(len(form) for option in self.options for form in option)])

    def check_length(self, max_length: int) -> None:
        """Refuse a request that is too long for a model.

        Raises:
            RequestError: prompt and answer have more tokens than that.
        """
        if len(self.prompt_ids) + self.longest > max_length:
            raise RequestError(
                "length of prompt and answer",
                got=f"{len(self.prompt_ids)} + {self.longest} tokens",
                expected=f"at most {max_length}",
                do="ask for fewer new tokens or shorten the prompt",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One new token of one request.

    Attributes:
        request: the request's index in ``generate``, or the ticket that ``submit`` returned.
        logprob: natural log of the token's probability under the model itself (temperature 1, all tokens).
        finish: why the answer ended with this token (a stop token is itself emitted), or None.
        option_logprobs: with the first token, the natural log of the probability that the answer begins with each of
            the request's options, in any of the ways to write it.
        top: the likeliest tokens in this place with their logprobs, the likeliest first.
    """

    request: int
    id: int
    logprob: float
    finish: Finish | None = None
    option_logprobs: tuple[float, ...] = ()
    top: tuple[tuple[int, float], ...] = ()


def _require(holds: bool, what: str, got: str, expected: str) -> None:  # noqa: FBT001 (reads as a sentence)
    if not holds:
        raise RequestError(what, got=got, expected=expected)
