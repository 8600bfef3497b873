"""Boxes in text: ``<box>#k</box>`` of a sample to coordinates the model reads, and back from its answers."""

import re
from collections.abc import Sequence

from doctorsun.errors import DataError
from doctorsun.processor.image_processor import Box, Frame
from doctorsun.schema import Object

_POINTER = re.compile(r"<box>#(\d+)</box>")
_BOX = re.compile(r"<box>\s*\[\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]\]\s*</box>")

_LABEL = re.compile(r"<ref>([^<]*)</ref>\s*$")


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


def find_boxes(text: str, frame: Frame, width: int, height: int) -> tuple[Object, ...]:
    """Return the boxes of an answer in pixels of an image, each with the label that stands right before it.

    Boxes are cut at the image's edges; those that lie beside it are left out, as are malformed ones.

    Args:
        text: of the answer.
        frame: where the image lies in the model's square.
        width: of the image.
        height: of the image.
    """
    found: list[Object] = []
    for match in _BOX.finditer(text):
        x0, y0, x1, y1 = frame.to_image(_thousandths(match))
        xs, ys = [min(max(x, 0.0), width) for x in (x0, x1)], [min(max(y, 0.0), height) for y in (y0, y1)]
        if xs[0] < xs[1] and ys[0] < ys[1]:
            label = _LABEL.search(text, 0, match.start())
            box_px = (round(xs[0], 1), round(ys[0], 1), round(xs[1], 1), round(ys[1], 1))
            found.append(Object(label=label[1].strip() if label else "", box_px=box_px))
    return tuple(found)


def boxes_in_pixels(text: str, frame: Frame) -> str:
    """Replace every box of an answer by ``[x0, y0, x1, y1]`` in image pixels; malformed ones stay as they are."""

    def pixels(match: re.Match[str]) -> str:
        return "[" + ", ".join(f"{value:.1f}" for value in frame.to_image(_thousandths(match))) + "]"

    return _BOX.sub(pixels, text)


def _thousandths(match: re.Match[str]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in match.groups())
    return x0, y0, x1, y1
