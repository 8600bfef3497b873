"""What became of the samples of a shard, and of all shards together."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from doctorsun.schema import Shard
from doctorsun.storage.atomic import write_json
from doctorsun.storage.counts import COUNTED_FIELDS

CURATION = "curation.json"
"""In a curated store: samples of each data set, read and dropped for each reason; samples that each step changed; and
groups of samples that stay together, how many (``num``) and of how many samples at most (``largest``)."""


def _counts() -> dict[str, Counter[str]]:
    return {name: Counter() for name in COUNTED_FIELDS}


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of some samples.

    Attributes:
        shards: of the new store.
        counts: of the kept samples, as of `Manifest`.
        read: samples by data set.
        dropped: samples by data set, then by reason.
        changed: kept samples by the step that changed their words.
    """

    shards: tuple[Shard, ...] = ()
    counts: dict[str, Counter[str]] = field(default_factory=_counts)
    read: Counter[str] = field(default_factory=Counter[str])
    dropped: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    changed: Counter[str] = field(default_factory=Counter[str])

    @property
    def reasons(self) -> Counter[str]:
        """How many samples were dropped for each reason."""
        return sum(self.dropped.values(), Counter[str]())

    def write(self, path: Path) -> None:
        """Write it as JSON, complete or not at all.

        Raises:
            MachineError: the disk is full.
        """
        shards = [asdict(shard) for shard in self.shards]
        numbers = {"counts": self.counts, "read": self.read, "dropped": self.dropped, "changed": self.changed}
        write_json(path, {"shards": shards, **numbers})

    def facts(self) -> dict[str, Any]:
        """Return what a reader of the store wants to know, for `CURATION`."""
        names = sorted(self.read)
        sources = {name: {"read": self.read[name], "dropped": self.dropped.get(name, {})} for name in names}
        return {"sources": sources, "changed": self.changed}

    @classmethod
    def read_from(cls, path: Path) -> Self:
        """Read what was written."""
        content: dict[str, Any] = json.loads(path.read_bytes())
        return cls(
            shards=tuple(Shard(**shard) for shard in content["shards"]),
            counts=_counters(content["counts"]),
            read=Counter(content["read"]),
            dropped=_counters(content["dropped"]),
            changed=Counter(content["changed"]),
        )


def total(tallies: Iterable[Tally]) -> Tally:
    """Return what became of all samples together."""
    whole = Tally()
    for tally in tallies:
        whole.shards += tally.shards
        whole.read.update(tally.read)
        whole.changed.update(tally.changed)
        for name, numbers in tally.counts.items():
            whole.counts[name].update(numbers)
        for dataset, numbers in tally.dropped.items():
            whole.dropped.setdefault(dataset, Counter()).update(numbers)
    return whole


def _counters(content: dict[str, dict[str, int]]) -> dict[str, Counter[str]]:
    return {name: Counter(numbers) for name, numbers in content.items()}
