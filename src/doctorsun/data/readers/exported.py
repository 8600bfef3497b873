"""Records that ``doctorsun data export`` wrote, in whatever format: the samples that they were.

What a format has no place for stands in each record under one key. Words come from the format's own turns, so that
mended words stay mended; images from where the format keeps them, and only if they are the ones that were exported.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from doctorsun.data.export.words import Turns, box_texts, llava_turns, typed_turns, with_pointers
from doctorsun.data.readers.conversation import ImageRef, image_ref, read_conversation, shown_refs, turns_of
from doctorsun.data.readers.image_finder import ImageFinder
from doctorsun.data.readers.item import Dropped, Item
from doctorsun.data.readers.record_images import read_images
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.errors import DataError
from doctorsun.schema import Image, Message, Sample

EXPORTED = "doctorsun"
"""The key of a record that holds what only we read, as an object or as its JSON text."""
UNKNOWN = "unknown"
"""Stands for the path of an image that has none."""
_ANOTHER = "another picture than the one that was exported"


def exported_item(raw: RawRecord, finder: ImageFinder) -> Item:
    """Make the sample that a record was exported from.

    Returns:
        The sample; or dropped as ``layout`` (what only we read is damaged), ``box`` (its words point at no object),
        ``image_count`` (other numbers of images in the record and in ours), ``image`` or ``ambiguous_image`` (an image
        is damaged, or another one than was exported), or as of `read_conversation` for words that were changed.

    Raises:
        DataError: a place of images cannot be searched.
    """
    sample = _recorded(raw)
    if isinstance(sample, Dropped):
        return sample
    messages = _messages(raw, sample)
    if isinstance(messages, Dropped):
        return messages
    images = _images(raw, sample.images, finder)
    if isinstance(images, Dropped):
        return images
    return (replace(sample, messages=messages, images=images),)


def read_messages(turns: Turns, num_images: int, boxes: Mapping[str, str]) -> tuple[Message, ...] | None:
    """Return the messages that exported turns are read as; None where they make no conversation."""
    read = _read(RawRecord("", "", {"messages": turns}), num_images, boxes)
    return None if isinstance(read, Dropped) else read


def _read(raw: RawRecord, num_images: int, boxes: Mapping[str, str]) -> tuple[Message, ...] | Dropped:
    fields = {"messages": turns_of(raw.fields), "images": [UNKNOWN] * num_images}
    conversation = read_conversation(replace(raw, fields=fields))
    if isinstance(conversation, Dropped):
        return conversation
    return tuple(
        replace(turn, content=tuple(replace(part, text=with_pointers(part.text, boxes)) for part in turn.content))
        for turn in conversation.messages
    )


def _recorded(raw: RawRecord) -> Sample | Dropped:
    """Return the sample as its record tells it: no bytes of images, and messages only where it holds them."""
    try:
        kept: Any = raw.fields[EXPORTED]
        record: dict[str, Any] = {"messages": (), **(json.loads(kept) if isinstance(kept, str) else kept)}
        record["images"] = [{**image, "bytes": None} for image in record.get("images", ())]
        return _samples().validate_python(record)
    except ValidationError as error:
        fault = error.errors()[0]
        return Dropped(raw.id, "layout", f"{raw.place}: {EXPORTED}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
    except (TypeError, ValueError) as error:
        return Dropped(raw.id, "layout", f"{raw.place}: {EXPORTED}: {error}")


@cache
def _samples() -> TypeAdapter[Sample]:
    return TypeAdapter(Sample)


def _messages(raw: RawRecord, sample: Sample) -> tuple[Message, ...] | Dropped:
    """Return the messages that the record holds beside its turns, if the turns still say the same; else the turns'."""
    boxes = box_texts(sample.objects, sample.images)
    if sample.messages:
        try:
            if _spoken(turns_of(raw.fields)) in _spellings(sample.messages, boxes):
                return sample.messages
        except DataError as error:
            return Dropped(raw.id, "box", f"{raw.place}: {error.text()}")
    return _read(raw, len(sample.images), boxes)


def _spellings(messages: Sequence[Message], boxes: Mapping[str, str]) -> list[Any]:
    typed = typed_turns(messages, boxes, [{}] * sum(turn.num_images for turn in messages))
    return [_spoken(llava_turns(messages, boxes)), _spoken(typed)]


def _spoken(turns: Sequence[Any]) -> list[Any]:
    """Return who says what, without what the images are."""
    return [
        (turn.get("from", turn.get("role")), _said(turn.get("value", turn.get("content"))))
        for turn in turns
        if isinstance(turn, dict)
    ]


def _said(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [piece.get("text") if isinstance(piece, dict) else piece for piece in content]


def _images(raw: RawRecord, recorded: Sequence[Image], finder: ImageFinder) -> tuple[Image, ...] | Dropped:
    refs = _refs(raw.fields, recorded)
    if len(refs) != len(recorded):
        return Dropped(raw.id, "image_count", f"{raw.place}: {len(refs)} images, {len(recorded)} when it was exported")
    found = read_images(refs, finder, raw)
    if isinstance(found, Dropped):
        return found
    for image, known in zip(found, recorded, strict=True):
        if image.bytes is not None and known.sha256 not in ("", image.sha256):
            return Dropped(raw.id, "image", f"{image.path}: {_ANOTHER}")
    return tuple(_joined(image, known) for image, known in zip(found, recorded, strict=True))


def _refs(fields: Mapping[str, Any], recorded: Sequence[Image]) -> list[ImageRef]:
    """Return where the images are; an image that the record holds no bytes of and no name is looked for by its own."""
    listed: Any = fields.get("images") or fields.get("image")
    if listed is None:
        return shown_refs(dict(fields))
    each = listed if isinstance(listed, list) else [listed]
    if len(each) != len(recorded):
        return [ImageRef(UNKNOWN)] * len(each)
    return [image_ref(value) or ImageRef(known.path or UNKNOWN) for value, known in zip(each, recorded, strict=True)]


def _joined(found: Image, known: Image) -> Image:
    """Return an image with what was known of it when it was exported."""
    if found.bytes is None:
        return known
    if known.sha256:
        return replace(known, bytes=found.bytes)
    return replace(found, path=known.path, facts=known.facts)
