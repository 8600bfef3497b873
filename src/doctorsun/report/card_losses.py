"""What a store left out: for each reason how much and which; and of a curated store, what became of each data set."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doctorsun.data.curate.tally import CURATION
from doctorsun.storage.counts import most_frequent_first
from doctorsun.storage.store import Store
from doctorsun.storage.store_folder import DROPPED

NUM_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedReason:
    """A reason, how many source items it took and of how many, and the first of them."""

    name: str
    num: int
    share: float
    examples: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedSet:
    """What became of the samples of one data set: how many were read, and dropped for each reason."""

    name: str
    num_read: int
    reasons: dict[str, int]

    @property
    def num_kept(self) -> int:
        """Samples that are left."""
        return self.num_read - sum(self.reasons.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """All that a card says of what is not there, or not as it was.

    Attributes:
        curated: by data set; empty where the store was not curated.
        changed: how many samples each step changed the words of.
        licences: classes that curation let pass; None where it asked for none.
        groups: how many groups of samples stay together (``num``), and of how many samples at most (``largest``).
        tests: what curation searched for, by name.
    """

    reasons: tuple[DroppedReason, ...] = ()
    curated: tuple[CuratedSet, ...] = ()
    changed: Mapping[str, int]
    groups: Mapping[str, int] | None = None
    licences: tuple[str, ...] | None = None
    tests: tuple[str, ...] = ()


def read_losses(store: Store) -> Losses:
    """Read what a store left out.

    Raises:
        DataError: a list of dropped items is missing or damaged.
    """
    steps = {step.get("step", ""): step for step in store.manifest.steps}
    facts = _facts(store)
    return Losses(
        reasons=_reasons(store),
        curated=tuple(
            CuratedSet(name=name, num_read=each["read"], reasons=most_frequent_first(Counter(each["dropped"])))
            for name, each in facts["sources"].items()
        ),
        changed=facts["changed"],
        groups=facts["groups"],
        licences=tuple(steps["licences"]["allowed"]) if "licences" in steps else None,
        tests=tuple(step["test"] for step in store.manifest.steps if step.get("step") == "against"),
    )


def _facts(store: Store) -> dict[str, Any]:
    path = store.folder / CURATION
    return json.loads(path.read_bytes()) if path.is_file() else {"sources": {}, "changed": {}, "groups": None}


def _reasons(store: Store) -> tuple[DroppedReason, ...]:
    counts = most_frequent_first(Counter(store.manifest.dropped_reasons))
    examples: dict[str, list[dict[str, str]]] = {name: [] for name in counts}
    for item in store.dropped() if (store.folder / DROPPED).is_dir() else ():  # a hub keeps no lists
        if len(examples[item["reason"]]) < NUM_EXAMPLES:
            examples[item["reason"]].append(item)
    return tuple(
        DroppedReason(name=name, num=num, share=num / store.manifest.read, examples=tuple(examples[name]))
        for name, num in counts.items()
    )
