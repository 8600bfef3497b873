"""The words of a sample as other trainers read them: turns with image marks or typed parts, boxes as numbers.

A box stands in the words as GMAI-VL writes it (arXiv 2411.14522, figure 1), ``<ref>label</ref><box>[[0.180, 0.160,
0.500, 0.430]]</box>``: x0, y0, x1, y1 as shares of the width and height of its image, which is what LLaVA's own
grounding data hold too. Of an image whose size is not known they are pixels.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from doctorsun.data.readers.conversation import IMAGE_MARK
from doctorsun.errors import DataError
from doctorsun.schema import Image, Message, Object, Part, Sample

Turns = list[dict[str, Any]]
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}
_POINTER = re.compile(r"<box>#(\d+)</box>")
_COORDINATES = re.compile(r"<box>\[\[[^\[\]]*\]\]</box>")
_BROKEN_MARK = "< image >"


def llava_turns(messages: Sequence[Message], boxes: Mapping[str, str]) -> Turns:
    """Return turns of ``from`` and ``value``, with ``<image>`` where an image stands.

    Words that hold such a mark themselves have it as ``< image >``, so that marks and images stay equal in number.

    Raises:
        DataError: a pointer names no object.
    """
    return [{"from": _SPEAKERS[turn.role], "value": _marked(turn.content, boxes)} for turn in messages]


def typed_turns(messages: Sequence[Message], boxes: Mapping[str, str], image_parts: Sequence[dict[str, Any]]) -> Turns:
    """Return turns of ``role`` and ``content``, the content a list of typed parts.

    Args:
        messages: of a sample.
        boxes: what stands for each pointer, as of `box_texts`.
        image_parts: what stands for each image of the sample, in order.

    Raises:
        DataError: a pointer names no object.
    """
    images = iter(image_parts)
    return [
        {
            "role": turn.role,
            "content": [
                next(images) if part.type == "image" else {"type": "text", "text": with_numbers(part.text, boxes)}
                for part in turn.content
            ],
        }
        for turn in messages
    ]


def box_texts(objects: Sequence[Object], images: Sequence[Image]) -> dict[str, str]:
    """Return for each pointer ``<box>#k</box>`` the coordinates that stand for it."""
    return {f"<box>#{number}</box>": _box_text(thing, images) for number, thing in enumerate(objects)}


def with_numbers(text: str, boxes: Mapping[str, str]) -> str:
    """Replace pointers by coordinates.

    Raises:
        DataError: a pointer names no object.
    """

    def numbers(match: re.Match[str]) -> str:
        if match[0] not in boxes:
            raise DataError(
                f"the box {match[0]} in {text!r}",
                got=f"{len(boxes)} objects",
                expected="a pointer to one of them",
                do="mend the sample's objects",
            )
        return boxes[match[0]]

    return _POINTER.sub(numbers, text) if boxes or "<box>#" in text else text


def with_pointers(text: str, boxes: Mapping[str, str]) -> str:
    """Replace coordinates by pointers: the way back of `with_numbers`; other boxes stay as they are."""
    pointers = {numbers: pointer for pointer, numbers in boxes.items()}
    return _COORDINATES.sub(lambda match: pointers.get(match[0], match[0]), text)


def objects_row(sample: Sample) -> dict[str, Any]:
    """Return the boxes of a sample as ms-swift names them: labels, absolute pixels, and the image of each."""
    return {
        "ref": [thing.label for thing in sample.objects],
        "bbox": [list(thing.box_px) for thing in sample.objects],
        "image_id": [thing.image for thing in sample.objects],
    }


def _marked(parts: Sequence[Part], boxes: Mapping[str, str]) -> str:
    """Join the parts of a turn; an image has a line of its own, as in LLaVA's data."""
    written = ""
    for before, part in zip((None, *parts), parts, strict=False):
        if before is not None and "image" in (before.type, part.type):
            written += "\n"
        text = with_numbers(part.text, boxes).replace(IMAGE_MARK, _BROKEN_MARK)
        written += IMAGE_MARK if part.type == "image" else text
    return written


def _box_text(thing: Object, images: Sequence[Image]) -> str:
    image = images[thing.image] if thing.image < len(images) else None
    if image is None or not image.width or not image.height:
        return f"<box>[[{', '.join(f'{value:.1f}' for value in thing.box_px)}]]</box>"
    sizes = (image.width, image.height) * 2
    shares = (f"{value / size:.3f}" for value, size in zip(thing.box_px, sizes, strict=True))
    return f"<box>[[{', '.join(shares)}]]</box>"
