"""Batches in tokens: where each step ends in the sequence of a stage's samples, by their lengths alone."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

from doctorsun.errors import RecipeError


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Tokens per step, and those of each sample.

    Attributes:
        tokens: the sample that reaches them closes the step.
        lengths: for each pool, the tokens of each row of its store; 0 where a row cannot be read.
    """

    tokens: int
    lengths: Sequence[Int64[np.ndarray, " _"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLength:
    """How long a stage lasts: a number of steps, or until at least so many samples were taken."""

    steps: int | None = None
    samples: int | None = None


@runtime_checkable
class Rows(Protocol):
    """Rows of a store, in an order that is new in every epoch."""

    rows: Int64[np.ndarray, " rows"]

    def take(self, seed: Sequence[int], start: int, count: int) -> Int64[np.ndarray, " count"]:
        """Return ``count`` rows from position ``start`` of the endless sequence of epochs."""
        ...


class EndlessTokens:
    """Counts the tokens of any number of samples from the start of each pool's endless sequence of epochs.

    Args:
        pools: of the stage.
        lengths: for each pool, the tokens of each row of its store.
        seed: of the stage's order.

    Raises:
        RecipeError: no sample has a token.
    """

    def __init__(self, pools: Sequence[Rows], lengths: Sequence[Int64[np.ndarray, " _"]], seed: int) -> None:
        self.pools = pools
        self.lengths = lengths
        self.seed = seed
        self.per_epoch = [int(own[pool.rows].sum()) for pool, own in zip(pools, lengths, strict=True)]
        self._sums = lru_cache(maxsize=2 * len(pools))(self._sums_of)
        if not any(self.per_epoch):
            raise RecipeError(
                "no sample of the mixture can be counted in tokens",
                got="none that can be read and fits max_length",
                expected="at least one",
                do="look at the samples with 'doctorsun data show', or raise max_length",
            )

    def of(self, taken: Sequence[int]) -> int:
        """Return the tokens of the first samples: so many of each pool."""
        return sum(self._of_pool(index, count) for index, count in enumerate(taken))

    def _of_pool(self, index: int, count: int) -> int:
        epoch, rest = divmod(count, len(self.pools[index].rows))
        return epoch * self.per_epoch[index] + (int(self._sums(index, epoch)[rest - 1]) if rest else 0)

    def _sums_of(self, index: int, epoch: int) -> Int64[np.ndarray, " rows"]:
        """Return the tokens of the first 1, 2, 3, ... samples of an epoch."""
        pool = self.pools[index]
        size = len(pool.rows)
        return np.cumsum(self.lengths[index][pool.take((self.seed, index), epoch * size, size)])


def step_ends(tokens_of: Callable[[int], int], batch_tokens: int, length: StageLength) -> tuple[int, ...]:
    """Return how many samples lie before each step, and before the end of the last.

    Args:
        tokens_of: the tokens of the first so many samples; grows without end.
        batch_tokens: that each step holds at least.
        length: of the stage.
    """
    ends = [0]
    while not _is_over(ends, length):
        start = ends[-1]
        target = tokens_of(start) + batch_tokens
        ahead = 1
        while tokens_of(start + ahead) < target:
            ahead *= 2
        candidates = range(start + ahead // 2 + 1, start + ahead + 1)
        ends.append(candidates[bisect_left(candidates, target, key=tokens_of)])
    return tuple(ends)


def _is_over(ends: Sequence[int], length: StageLength) -> bool:
    if length.steps is not None:
        return len(ends) > length.steps
    return ends[-1] >= (length.samples or 0)
