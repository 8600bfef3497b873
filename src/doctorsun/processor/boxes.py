"""Boxes in text: ``<box>#k</box>`` of a sample to coordinates the model reads, and back from its answers."""

import re
from collections.abc import Sequence

from doctorsun.errors import DataError
from doctorsun.processor.image_processor import Frame
from doctorsun.schema import Object

_POINTER = re.compile(r"<box>#(\d+)</box>")
_BOX = re.compile(r"<box>\s*\[\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]\]\s*</box>")


def write_boxes(text: str, objects: Sequence[Object], frames: Sequence[Frame]) -> str:
    """Replace pointers into ``objects`` by thousandths of the model's square: ``<box>[[x0, y0, x1, y1]]</box>``.

    Raises:
        DataError: a pointer names no object.
    Source: the layout of InternVL and GMAI-VL (arXiv 2411.14522).
    """

    def coordinates(match: re.Match[str]) -> str:
        index = int(match[1])
        if index >= len(objects):
            raise DataError(
                f"the box #{index} in {text!r}",
                got=f"{len(objects)} objects",
                expected="a pointer to one of them",
                do="mend the sample's objects",
            )
        target = objects[index]
        x0, y0, x1, y1 = (round(value) for value in frames[target.image].to_model(target.box_px))
        return f"<box>[[{x0}, {y0}, {x1}, {y1}]]</box>"

    return _POINTER.sub(coordinates, text)


def boxes_in_pixels(text: str, frame: Frame) -> str:
    """Replace every box of an answer by ``[x0, y0, x1, y1]`` in image pixels; malformed ones stay as they are."""

    def pixels(match: re.Match[str]) -> str:
        x0, y0, x1, y1 = (float(value) for value in match.groups())
        return "[" + ", ".join(f"{value:.1f}" for value in frame.to_image((x0, y0, x1, y1))) + "]"

    return _BOX.sub(pixels, text)
