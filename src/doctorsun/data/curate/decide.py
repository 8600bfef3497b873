"""The second phase: what leaks goes, then the steps on all samples together, over their sketches, then the splits."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.global_steps import decide_rows
from doctorsun.data.curate.looks import Looks
from doctorsun.data.curate.shard_job import ShardJob, read_work, write_table
from doctorsun.data.curate.sketches import Sketches
from doctorsun.data.leak.gate import leaking_rows
from doctorsun.data.leak.tested import Tested
from doctorsun.storage.atomic import atomic_folder, disk_errors, write_json

_GROUPS = "groups.json"
DECIDED_SCHEMA = pa.schema([("split", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
"""A row per sample of a shard, in their order: its split and no reason, or a reason and no split."""


def are_decided(jobs: Sequence[ShardJob]) -> bool:
    """Say whether it has been decided what becomes of every sample."""
    return jobs[0].file("decided").parent.exists()


def decide(jobs: Sequence[ShardJob], settings: Curation, looks: Looks, tests: Sequence[Tested]) -> None:
    """Decide what becomes of every sample, and write it, one file per shard, all of them or none.

    Args:
        jobs: the shards, examined.
        settings: of every step.
        looks: for a second look at samples that seem alike.
        tests: that nothing may be learnt of.

    Raises:
        DataError: what the first phase wrote is damaged.
        MachineError: the disk is full.
    """
    sketches = Sketches([partial(read_work, job.file("examined")) for job in jobs])
    rejected: dict[int, Rejected] = {}
    if tests:
        traced = [job.file("traced") for job in jobs]
        rejected |= leaking_rows(traced, sketches.places.tolist(), looks, tests)
        sketches = sketches.without(list(rejected))
    scratch = jobs[0].file("examined").parent
    with disk_errors(scratch):
        decision = decide_rows(sketches, settings, looks, scratch)
    groups = {"num": decision.num_groups, "largest": decision.largest_group}
    _write(jobs, rejected | decision.rejected, decision.splits, groups)


def groups_decided(jobs: Sequence[ShardJob]) -> dict[str, int]:
    """Return how many groups the kept samples form (``num``), and how many are in the largest (``largest``)."""
    return json.loads((jobs[0].file("decided").parent / _GROUPS).read_bytes())


def _write(
    jobs: Sequence[ShardJob],
    rejected: Mapping[int, Rejected],
    splits: Mapping[int, str],
    groups: Mapping[str, int],
) -> None:
    with atomic_folder(jobs[0].file("decided").parent) as folder:
        write_json(folder / _GROUPS, groups)
        for job in jobs:
            earlier = {row["place"]: Rejected(row["reason"], row["detail"]) for row in _rejected(job)}
            rows = [_row(earlier.get(place) or rejected.get(place) or splits[place]) for place in job.places]
            write_table(folder / job.file("decided").name, rows, DECIDED_SCHEMA)


def _rejected(job: ShardJob) -> Iterable[dict[str, Any]]:
    return read_work(job.file("rejected")).to_pylist()


def _row(verdict: str | Rejected) -> dict[str, Any]:
    if isinstance(verdict, Rejected):
        return {"split": None, "reason": verdict.reason, "detail": verdict.detail}
    return {"split": verdict, "reason": None, "detail": None}
