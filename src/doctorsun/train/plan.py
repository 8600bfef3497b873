"""Which samples each optimizer step holds: a function of seed, mixture and step alone, known before any image opens."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from doctorsun.errors import RecipeError
from doctorsun.storage.store import Store
from doctorsun.train.selection import image_keys, repeat_datasets, select_rows
from doctorsun.train.token_batch import EndlessTokens, StageLength, TokenBatch, step_ends

# Questions about one image that one step takes at most: more would make the batch depend on few images.
MAX_SAMPLES_PER_IMAGE = 4
# Goes up with every change of this module that gives the same settings another order.
ORDER_VERSION = 2


class Origin(NamedTuple):
    """Where a sample comes from: a source of the recipe, and its language."""

    source: str
    language: str


@dataclass(frozen=True, slots=True)
class SampleRef:
    """A sample by its pool and its row in that pool's store."""

    pool: int
    row: int


class Pool:
    """The samples of one mixture entry, in an order that is new in every epoch and keeps an image's questions together.

    Args:
        name: the source's name.
        store: where the samples are.
        rows: rows of the store that belong to the entry.
        groups: for each row, a number that samples of one image share.

    Raises:
        RecipeError: there is no row.
    """

    def __init__(
        self, name: str, store: Store, rows: Int64[np.ndarray, " rows"], groups: Int64[np.ndarray, " rows"]
    ) -> None:
        if not len(rows):
            raise RecipeError(
                f"the mixture entry '{name}' selects nothing",
                got=f"0 of {len(store)} samples",
                expected="at least one",
                do="check what it takes against 'doctorsun data stats'",
            )
        self.name = name
        self.store = store
        self.rows = rows
        self.groups = groups
        self.order = lru_cache(maxsize=2)(self._order)

    @classmethod
    def select(
        cls,
        name: str,
        store: Store,
        *,
        tasks: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
        domains: Sequence[str] | None = None,
        datasets: Sequence[str] | Mapping[str, float] | None = None,
        has_pairs: bool = False,
    ) -> "Pool":
        """Take the samples of a store that are wanted in every respect; data sets may have sampling ratios.

        Args:
            name: the source's name.
            store: where the samples are.
            tasks: as in `select_rows`, like the others.
            languages: of the words.
            domains: medical or general.
            datasets: names, or names with sampling ratios.
            has_pairs: only samples with rejected replies.

        Raises:
            RecipeError: none is.
        """
        rows = select_rows(
            store, tasks=tasks, languages=languages, domains=domains, datasets=datasets, has_pairs=has_pairs
        )
        keys = image_keys(store)
        groups = np.unique(np.array(keys, dtype=object).astype(str), return_inverse=True)[1]
        if not isinstance(datasets, Mapping):
            return cls(name, store, rows, groups[rows])
        rows, repetitions = repeat_datasets(store, rows, keys, datasets)
        # Repetitions are groups of their own, so that a step does not hold one question twice in a row.
        return cls(name, store, rows, groups[rows] + repetitions * len(store))

    def parted(self, columns: Sequence[str]) -> list[tuple[tuple[str, ...], "Pool"]]:
        """Split the pool by the values of columns; return the values with the samples that have them, in order."""
        values = list(zip(*(self.column(name) for name in columns), strict=True)) or [()] * len(self.rows)
        places: dict[tuple[str, ...], list[int]] = {}
        for place, value in enumerate(values):
            places.setdefault(value, []).append(place)
        return [
            (value, Pool(self.name, self.store, self.rows[places[value]], self.groups[places[value]]))
            for value in sorted(places)
        ]

    def take(self, seed: Sequence[int], start: int, count: int) -> Int64[np.ndarray, " count"]:
        """Return ``count`` rows from position ``start`` of the endless sequence of epochs."""
        size = len(self.rows)
        parts: list[Int64[np.ndarray, " part"]] = []
        while count > 0:
            epoch, offset = divmod(start, size)
            part = self.order((*seed, epoch))[offset : offset + count]
            parts.append(part)
            start, count = start + len(part), count - len(part)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def times_taken(self, seed: Sequence[int], count: int) -> Int64[np.ndarray, " store_rows"]:
        """Return how often each row of the store is among the first ``count`` of the endless sequence of epochs."""
        epochs, rest = divmod(count, len(self.rows))
        size = len(self.store)
        last = np.bincount(self.order((*seed, epochs))[:rest], minlength=size)
        return epochs * np.bincount(self.rows, minlength=size) + last

    def column(self, name: str) -> list[Any]:
        """Return a flat column of the pool's samples."""
        values = self.store.column(name)
        return [values[row] for row in self.rows]

    def language_shares(self) -> dict[str, float]:
        """Return the part of the pool that each language makes up."""
        names, counts = np.unique(np.array(self.column("language")), return_counts=True)
        return {str(name): float(count) / len(self.rows) for name, count in zip(names, counts, strict=True)}

    def _order(self, seed: tuple[int, ...]) -> Int64[np.ndarray, " rows"]:
        random = np.random.default_rng(seed)
        by_group = np.lexsort((random.random(len(self.rows)), self.groups))
        groups = self.groups[by_group]
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        place = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
        chunk = np.cumsum((place % MAX_SAMPLES_PER_IMAGE) == 0) - 1
        return self.rows[by_group][np.argsort(random.permutation(chunk[-1] + 1)[chunk], kind="stable")]


class StagePlan:
    """The samples of every step of a stage: of each equally many, or as many as together hold enough tokens.

    Args:
        pools: where the samples come from.
        shares: the part of the samples that each pool gives; they add up to 1.
        batch_samples: samples per step.
        num_steps: steps of the stage.
        seed: of the order.
    """

    def __init__(
        self, pools: Sequence[Pool], shares: Sequence[float], *, batch_samples: int, num_steps: int, seed: int
    ) -> None:
        self.pools = tuple(pools)
        self.shares = tuple(shares)
        self.batch_samples = batch_samples
        self.num_steps = num_steps
        self.seed = seed
        self._ends: tuple[int, ...] | None = None
        self._batch: TokenBatch | None = None

    @classmethod
    def by_tokens(
        cls, pools: Sequence[Pool], shares: Sequence[float], batch: TokenBatch, *, length: StageLength, seed: int
    ) -> "StagePlan":
        """Close each step with the sample that brings it to enough tokens.

        Args:
            pools: where the samples come from.
            shares: the part of the samples that each pool gives.
            batch: tokens per step, and those of each sample.
            length: how long the stage lasts.
            seed: of the order.

        Raises:
            RecipeError: no sample of the pools has a token.
        """
        plan = cls(pools, shares, batch_samples=0, num_steps=0, seed=seed)
        counts = EndlessTokens(plan.pools, batch.lengths, seed)
        plan._batch = batch
        plan._ends = step_ends(lambda number: counts.of(plan.taken_of(number)), batch.tokens, length)
        plan.num_steps = len(plan._ends) - 1
        return plan

    @property
    def num_samples(self) -> int:
        """Samples of the whole stage, those that it takes again counted again."""
        return self.before(self.num_steps)

    @property
    def num_different(self) -> int:
        """Samples of the whole stage, each counted once."""
        taken = zip(self.pools, self.taken(self.num_steps), strict=True)
        found: dict[str, Int64[np.ndarray, " store_rows"]] = {}
        for index, (pool, count) in enumerate(taken):
            times = pool.times_taken((self.seed, index), count)
            found[pool.store.sha256] = times + found.get(pool.store.sha256, np.zeros_like(times))
        return sum(int(np.count_nonzero(times)) for times in found.values())

    def before(self, step: int) -> int:
        """Return how many samples all steps before one hold together."""
        return self.batch_samples * step if self._ends is None else self._ends[step]

    def size(self, step: int) -> int:
        """Return how many samples a step holds."""
        return self.before(step + 1) - self.before(step)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the order depends on; a checkpoint is resumed only under the same plan."""
        batch = self.batch_samples if self._batch is None else f"{self._batch.tokens} tokens"
        settings = (ORDER_VERSION, self.seed, batch, self.shares, MAX_SAMPLES_PER_IMAGE)
        digest = hashlib.sha256(repr(settings).encode())
        for pool in self.pools:
            digest.update(f"{pool.name} {pool.store.sha256}".encode())
            digest.update(np.ascontiguousarray(pool.rows).tobytes())
        for pool, lengths in zip(self.pools, self._batch.lengths if self._batch else (), strict=False):
            digest.update(lengths[pool.rows].tobytes())
        return digest.hexdigest()

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """Sources and languages that the samples come from."""
        found = {Origin(pool.name, language) for pool in self.pools for language in pool.column("language")}
        return tuple(sorted(found))

    def origin(self, pool: int, language: str) -> int:
        """Return the place among the ``origins`` of a sample of a pool."""
        return self.origins.index(Origin(self.pools[pool].name, language))

    def taken(self, step: int) -> list[int]:
        """Return how many samples each pool has given before a step."""
        return self.taken_of(self.before(step))

    def taken_of(self, total: int) -> list[int]:
        """Return how many of the first ``total`` samples of the stage each pool gives.

        No pool's number ever falls as the total grows, and together they are exactly the total.

        Source: Webster's method, the divisor method of apportionment that rounds to the nearest.
        """
        counts = [math.floor(share * total + 0.5) for share in self.shares]
        indices = range(len(counts))
        while sum(counts) < total:
            counts[min(indices, key=lambda i: (counts[i] + 0.5) / self.shares[i])] += 1
        while sum(counts) > total:
            # Of two that are level, the later one gave last: the reverse of the rule above.
            counts[max(indices, key=lambda i: ((counts[i] - 0.5) / self.shares[i], i))] -= 1
        return counts

    def source_shares(self) -> dict[str, float]:
        """Return the part of the batch that each source fills."""
        shares: dict[str, float] = {}
        for pool, share in zip(self.pools, self.shares, strict=True):
            shares[pool.name] = shares.get(pool.name, 0.0) + share
        return shares

    def language_shares(self) -> dict[str, float]:
        """Return the part of the samples that each language makes up."""
        shares: dict[str, float] = {}
        for pool, share in zip(self.pools, self.shares, strict=True):
            for language, part in pool.language_shares().items():
                shares[language] = shares.get(language, 0.0) + share * part
        return shares

    def step(self, step: int) -> list[SampleRef]:
        """Return the samples of one step (the first is step 0)."""
        refs: list[SampleRef] = []
        spans = zip(self.pools, self.taken(step), self.taken(step + 1), strict=True)
        for index, (pool, start, end) in enumerate(spans):
            refs += [SampleRef(index, int(row)) for row in pool.take((self.seed, index), start, end - start)]
        return refs
