"""Boxes that words hold as coordinates, as GMAI-VL and InternVL write them, to objects in absolute pixels.

GMAI-VL (arXiv 2411.14522, figure 1) writes ``<box> [[0.18, 0.16, 0.5, 0.43]]</box>``: x0, y0, x1, y1 as shares of width
and height; its prompts write pixels. Both are told apart by their values: no box in pixels lies within one pixel.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from doctorsun.schema import Image, Message, Object, Part

_MARK = re.compile(r"<box>\s*(\[.*?\])\s*</box>", re.DOTALL)
_LABELLED = re.compile(r"<ref>\s*((?:(?!</ref>).)*?)\s*</ref>\s*$", re.DOTALL)
_LABEL = re.compile(r"<ref>\s*(.*?)\s*</ref>", re.DOTALL)
_BOX = re.compile(r"\[([^\[\]]*)\]")
_NUM_CORNERS = 4
_ROUNDING_PX = 1.0  # two decimals of a share, or a box whose last pixel is counted in
_Marked = tuple[tuple[Message, ...], tuple[Object, ...]]


def objects_of_marks(
    messages: Sequence[Message], images: Sequence[Image], size: tuple[int, int] | None
) -> _Marked | str:
    """Return the messages with pointers ``<box>#k</box>`` for coordinates, and the objects that they point at.

    An object's label is the ``<ref>`` before its box, or the only one of the conversation: GMAI-VL asks for the target
    in a box and answers with the label alone.

    Args:
        messages: a conversation.
        images: its images; boxes are read where there is one.
        size: width and height as the record tells them, for an image that is not here.

    Returns:
        Messages and objects; or what is wrong with a box.
    """
    texts = [part.text for message in messages for part in message.content]
    if not any("<box>" in text for text in texts):
        return tuple(messages), ()
    if len(images) != 1:
        return f"boxes on {len(images)} images"
    width, height = (images[0].width, images[0].height) if images[0].width else size or (0, 0)
    if not width or not height:
        return "boxes on an image whose size is not known"
    labels = {label for text in texts for label in _LABEL.findall(text)}
    writer = _Writer(width, height, labels.pop() if len(labels) == 1 else "")
    pointed = tuple(replace(message, content=tuple(map(writer.point, message.content))) for message in messages)
    return writer.fault or (pointed, tuple(writer.objects))


class _Writer:
    """Replaces coordinates by pointers, and keeps the objects; the same box with the same label is one object."""

    def __init__(self, width: int, height: int, label: str) -> None:
        self.objects: list[Object] = []
        self.fault = ""
        self._size = (width, height)
        self._label = label

    def point(self, part: Part) -> Part:
        """Return a part of a message with pointers for coordinates."""
        return replace(part, text=_MARK.sub(self._pointers, part.text)) if "<box>" in part.text else part

    def _pointers(self, mark: re.Match[str]) -> str:
        labelled = _LABELLED.search(mark.string[: mark.start()])
        label = labelled[1] if labelled else self._label
        boxes = _boxes(mark[1])
        if not boxes:
            self.fault = f"{mark[0]}: no box of four numbers"
        return "".join(f"<box>#{self._number(label, box, mark[0])}</box>" for box in boxes)

    def _number(self, label: str, box: list[float], written: str) -> int:
        pixels = _in_pixels(box, self._size)
        if pixels is None:
            self.fault = f"{written}: not inside {self._size[0]} x {self._size[1]} pixels"
            return 0
        item = Object(label=label, box_px=pixels)
        if item not in self.objects:
            self.objects.append(item)
        return self.objects.index(item)


def _boxes(text: str) -> list[list[float]]:
    """Return the boxes of a mark; none if one of them is not four numbers."""
    boxes: list[list[float]] = []
    for inner in _BOX.findall(text):
        try:
            numbers = [float(number) for number in inner.split(",")]
        except ValueError:
            return []
        if len(numbers) != _NUM_CORNERS or not all(map(math.isfinite, numbers)):
            return []
        boxes.append(numbers)
    return boxes


def _in_pixels(box: Sequence[float], size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Return a box in pixels, cut at the edge of the image by which rounding moved it over; None if it lies outside."""
    limits = (*size, *size)
    if all(0 <= value <= 1 for value in box):
        box = [value * limit for value, limit in zip(box, limits, strict=True)]
    if any(not -_ROUNDING_PX <= value <= limit + _ROUNDING_PX for value, limit in zip(box, limits, strict=True)):
        return None
    x0, y0, x1, y1 = (min(max(value, 0.0), float(limit)) for value, limit in zip(box, limits, strict=True))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
