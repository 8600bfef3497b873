"""The part of an exported record that only we read: all of a sample that the words and images beside it do not say."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from doctorsun.data.export.words import Turns, llava_turns, objects_row
from doctorsun.data.readers.exported import EXPORTED, read_messages
from doctorsun.schema import Sample

_NOT_HERE: dict[str, Any] = {"images": {"__all__": {"bytes"}}}


def llava_row(sample: Sample, boxes: dict[str, str], images: Sequence[str]) -> dict[str, Any]:
    """Return a record of LLaVA: ``id``, ``image`` or ``images``, ``conversations``; and ours.

    Raises:
        DataError: a pointer of the words names no object.
    """
    shown: dict[str, Any] = {}
    if images:
        shown = {"image": images[0]} if len(images) == 1 else {"images": list(images)}
    row = {"id": sample.id, **shown, "conversations": llava_turns(sample.messages, boxes)}
    return with_record(row, sample, boxes)


def with_record(row: dict[str, Any], sample: Sample, boxes: dict[str, str]) -> dict[str, Any]:
    """Add to a row of turns the sample's boxes in pixels, and ours under one key."""
    if sample.objects:
        row["objects"] = objects_row(sample)
    turns: Turns = row.get("conversations") or row["messages"]
    return row | {EXPORTED: sample_record(sample, turns, boxes)}


def sample_record(sample: Sample, turns: Turns, boxes: dict[str, str]) -> dict[str, Any]:
    """Return a sample as JSON without the bytes of its images and what is as a sample has it by default.

    The messages stand in it only where the turns beside it, read again, would give others: words that begin or end
    with white space, several parts of words in a row, documents that no conversation can hold.
    """
    read = read_messages(turns, len(sample.images), boxes)
    left_out = _NOT_HERE | {"messages": True} if read == sample.messages else _NOT_HERE
    return _samples().dump_python(sample, mode="json", exclude=left_out, exclude_defaults=True)


@cache
def _samples() -> TypeAdapter[Sample]:
    return TypeAdapter(Sample)
