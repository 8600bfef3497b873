"""The second phase: the steps on all samples that are left, over their sketches, and the split of each sample kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.shard_job import ShardJob, read_work, write_table
from doctorsun.data.curate.sketch import Sketches
from doctorsun.storage.atomic import atomic_folder

ImageOf = Callable[[int, int], bytes | None]
"""Gives an encoded image by the place of its sample and its number there."""
GlobalStep = Callable[[Sketches, Any, ImageOf], Mapping[int, Rejected]]
Verdict = str | Rejected
"""The split of a sample, or why it goes."""
OnStep = Callable[[int, int], None]

GLOBAL_STEPS: tuple[tuple[str, GlobalStep], ...] = ()
"""The name of each step's settings in `Curation`, and the step: a pure function that tells by place which samples go.
In their order: a step sees what the ones before it left."""

DECIDED_SCHEMA = pa.schema([("split", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
"""A row per sample of a shard, in their order: its split and no reason, or a reason and no split."""


def decide(sketches: Sketches, settings: Curation, image_of: ImageOf, on_step: OnStep) -> dict[int, Verdict]:
    """Put all samples through every step on them together; return a verdict for each place.

    Args:
        sketches: of the samples that are left.
        settings: of every step.
        image_of: for a second look at pictures that seem alike.
        on_step: called with how many steps are done, and how many there are.
    """
    verdicts: dict[int, Verdict] = {}
    on_step(0, len(GLOBAL_STEPS) + 1)
    for number, (name, step) in enumerate(GLOBAL_STEPS, 1):
        section = getattr(settings, name)
        if section is not None:
            gone = step(sketches, section, image_of)
            verdicts |= gone
            sketches = sketches.without(list(gone))
        on_step(number, len(GLOBAL_STEPS) + 1)
    verdicts |= zip(sketches.places.tolist(), sketches.table["split"].to_pylist(), strict=True)
    on_step(len(GLOBAL_STEPS) + 1, len(GLOBAL_STEPS) + 1)
    return verdicts


def read_sketches(jobs: Iterable[ShardJob]) -> Sketches:
    """Read what is left of all shards."""
    return Sketches(pa.concat_tables([read_work(job.file("examined")) for job in jobs]))


def write_decisions(jobs: Sequence[ShardJob], verdicts: Mapping[int, Verdict]) -> None:
    """Write what becomes of every sample, one file per shard, all of them or none.

    Raises:
        MachineError: the disk is full.
    """
    with atomic_folder(jobs[0].file("decided").parent) as folder:
        for job in jobs:
            rejected = {row["place"]: Rejected(row["reason"], row["detail"]) for row in _rejected(job)}
            rows = [_row(rejected.get(place) or verdicts[place]) for place in job.places]
            write_table(folder / job.file("decided").name, rows, DECIDED_SCHEMA)


def are_decided(jobs: Sequence[ShardJob]) -> bool:
    """Say whether it has been decided what becomes of every sample."""
    return jobs[0].file("decided").parent.exists()


def _rejected(job: ShardJob) -> list[dict[str, Any]]:
    return read_work(job.file("rejected")).to_pylist()


def _row(verdict: Verdict) -> dict[str, Any]:
    if isinstance(verdict, Rejected):
        return {"split": None, "reason": verdict.reason, "detail": verdict.detail}
    return {"split": verdict, "reason": None, "detail": None}
