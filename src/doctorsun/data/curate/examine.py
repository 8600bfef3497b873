"""The first phase: every step on one sample, shard by shard; what is left is sketched for the steps on all samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.identifiers import identifiers
from doctorsun.data.curate.shard_job import REJECTED_SCHEMA, ShardJob, write_table
from doctorsun.data.curate.sketch import SKETCH_SCHEMA, sketch_of
from doctorsun.errors import ImageError
from doctorsun.schema import Sample
from doctorsun.storage.sample_row import sample_row
from doctorsun.storage.shard_file import ALL_BUT_BYTES, ShardReader
from doctorsun.storage.store_schema import SAMPLE_SCHEMA, RowGroup

RowStep = Callable[[Candidate, Any], Sample | Rejected]

ROW_STEPS: tuple[tuple[str, RowStep], ...] = (("identifiers", identifiers),)
"""The name of each step's settings in `Curation`, and the step: a pure function that gives the sample itself, one with
other words, or why it goes. In their order: a step sees what the one before it made of the words."""

CHANGED_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("changed_by", pa.list_(pa.string())),
        *[field for field in SAMPLE_SCHEMA if field.name != "images"],  # no step changes images
    ]
)


@dataclass(frozen=True, slots=True)
class Examined:
    """A sample that every step kept, and the steps that changed its words."""

    candidate: Candidate
    changed_by: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What is found in one shard, as rows of its three files, and the samples that are left."""

    sketches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    rejected: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    changed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def examine(candidate: Candidate, settings: Curation) -> Examined | Rejected:
    """Put one sample through every step, until one rejects it."""
    changed_by: list[str] = []
    try:
        for name, step in ROW_STEPS:
            section = getattr(settings, name)
            if section is None:
                continue
            found = step(candidate, section)
            if isinstance(found, Rejected):
                return found
            if found is not candidate.sample:
                changed_by.append(name)
                candidate = candidate.with_sample(found)
    except ImageError as error:
        return Rejected("undecodable", error.text())
    return Examined(candidate, tuple(changed_by))


def is_examined(job: ShardJob) -> bool:
    """Say whether a shard has been examined; its sketches are written last."""
    return job.file("examined").exists()


def examine_shard(job: ShardJob) -> None:
    """Examine the samples of one shard, and write what is found.

    Raises:
        DataError: the shard is damaged.
        MachineError: the disk is full.
    """
    found = _Found()
    for place, sample in zip(job.places, _samples(job), strict=True):
        examined = examine(Candidate(sample), job.settings)
        if isinstance(examined, Rejected):
            found.rejected.append({"place": place, "reason": examined.reason, "detail": examined.detail})
            continue
        found.sketches.append(sketch_of(place, examined.candidate))
        if examined.changed_by:
            row = sample_row(examined.candidate.sample)
            found.changed.append(row | {"place": place, "changed_by": examined.changed_by})
    write_table(job.file("rejected"), found.rejected, REJECTED_SCHEMA)
    write_table(job.file("changed"), found.changed, CHANGED_SCHEMA)
    write_table(job.file("examined"), found.sketches, SKETCH_SCHEMA)


def _samples(job: ShardJob) -> Iterator[Sample]:
    """Yield the samples of a shard, one row group of them in memory."""
    reader = ShardReader(job.store, job.shard)
    for number in range(reader.num_groups):
        group = RowGroup(reader.table(number, ALL_BUT_BYTES), reader.image_bytes(number))
        for row in range(len(group)):
            yield group[row]
