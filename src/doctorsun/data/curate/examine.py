"""The first phase: every step on one sample, shard by shard; what is left is sketched for the steps on all samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from doctorsun.config.curation import Curation
from doctorsun.data.curate.answer_in_question import answer_in_question
from doctorsun.data.curate.aspect import aspect
from doctorsun.data.curate.blank_image import blank_image
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.constant_image import constant_image
from doctorsun.data.curate.decodes import decodes
from doctorsun.data.curate.identifiers import identifiers
from doctorsun.data.curate.languages import languages
from doctorsun.data.curate.licences import licences
from doctorsun.data.curate.repetition import repetition
from doctorsun.data.curate.shard_job import REJECTED_SCHEMA, ShardJob, write_table
from doctorsun.data.curate.simplified import simplified
from doctorsun.data.curate.sketch import SKETCH_SCHEMA, sketch_of
from doctorsun.data.curate.smallest_side import smallest_side
from doctorsun.data.curate.text_length import text_length
from doctorsun.data.curate.watched import note_rows
from doctorsun.data.leak.gate import trace_of_sketched
from doctorsun.data.leak.trace import Trace, write_traces
from doctorsun.errors import ImageError
from doctorsun.schema import Sample
from doctorsun.storage.sample_row import sample_row
from doctorsun.storage.shard_file import ALL_BUT_BYTES, ShardReader
from doctorsun.storage.store_schema import SAMPLE_SCHEMA, RowGroup

RowStep = Callable[[Candidate, Any], Sample | Rejected]

ROW_STEPS: tuple[tuple[str, RowStep], ...] = (
    ("licences", licences),
    ("simplified", simplified),
    ("languages", languages),
    ("text_length", text_length),
    ("repetition", repetition),
    ("answer_in_question", answer_in_question),
    ("identifiers", identifiers),
    ("decodes", decodes),
    ("smallest_side", smallest_side),
    ("aspect", aspect),
    ("constant_image", constant_image),
    ("blank_image", blank_image),
)
"""The name of each step's settings in `Curation`, and the step: a pure function that gives the sample itself, one with
other words, or why it goes. In their order: a step sees what the one before it made of the words."""

_IMAGE = SAMPLE_SCHEMA.field("images").type.value_type
CHANGED_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("changed_by", pa.list_(pa.string())),
        *[each for each in SAMPLE_SCHEMA if each.name != "images"],
        ("images", pa.list_(pa.struct([each for each in _IMAGE if each.name != "bytes"]))),
    ]
)
"""Samples whose words changed, and the steps that did it; no step changes images, so their bytes are not repeated."""

_ROWS_PER_NOTE = 64


@dataclass(frozen=True, slots=True)
class Examined:
    """A sample that every step kept, and the steps that changed its words."""

    candidate: Candidate
    changed_by: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What is found in one shard, as the rows of its files."""

    sketches: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    rejected: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    changed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    traces: list[Trace] = field(default_factory=list[Trace])

    def note(self, place: int, examined: Examined | Rejected, *, with_trace: bool) -> None:
        """Note what became of the sample at a place."""
        if isinstance(examined, Rejected):
            self.rejected.append({"place": place, "reason": examined.reason, "detail": examined.detail})
            return
        sample = examined.candidate.sample
        sketch = sketch_of(place, examined.candidate)
        self.sketches.append(sketch)
        if with_trace:
            self.traces.append(trace_of_sketched(sample, sketch))
        if examined.changed_by:
            self.changed.append(sample_row(sample) | {"place": place, "changed_by": examined.changed_by})


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
    for number, (place, sample) in enumerate(zip(job.places, _samples(job), strict=True)):
        if number % _ROWS_PER_NOTE == 0:
            note_rows(job, number)
        found.note(place, examine(Candidate(sample), job.settings), with_trace=job.with_traces)
    note_rows(job, job.shard.num_rows)
    write_table(job.file("rejected"), found.rejected, REJECTED_SCHEMA)
    write_table(job.file("changed"), found.changed, CHANGED_SCHEMA)
    if job.with_traces:
        write_traces(job.file("traced"), found.traces)
    write_table(job.file("examined"), found.sketches, SKETCH_SCHEMA)


def _samples(job: ShardJob) -> Iterator[Sample]:
    """Yield the samples of a shard, one row group of them in memory."""
    reader = ShardReader(job.store, job.shard)
    for number in range(reader.num_groups):
        group = RowGroup(reader.table(number, ALL_BUT_BYTES), reader.image_bytes(number))
        for row in range(len(group)):
            yield group[row]
