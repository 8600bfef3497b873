"""Protocol box_iou@1: localisation by the overlap of boxes in pixels."""

import re
import unicodedata

from doctorsun.errors import DataError
from doctorsun.eval.protocols.verdict import Protocol, Verdict
from doctorsun.schema import Prediction
from doctorsun.text.normalize import without_reasoning

Box = tuple[float, float, float, float]

_SEPARATOR = re.compile(r"[\[\](){}<>|,;]")
_NUMBER = r"-?\d+(?:\.\d+)?"
_NUMBERS = re.compile(rf"(?<![\w.-]){_NUMBER}(?:\s+{_NUMBER})*(?![\w.])")
_HIT_IOU = 0.5


def judge_box_iou_1(prediction: Prediction) -> Verdict:
    """Judge the boxes of an answer: ``accuracy`` counts those with an IoU of at least 0.5, ``iou`` is its mean.

    Boxes are ``x0 y0 x1 y1`` in absolute pixels, in any brackets. Each gold box takes the best box left, and both
    metrics are divided by the larger of the two counts, so that boxes all over the image earn nothing.
    """
    golds = [_gold_box(gold, prediction.id) for gold in prediction.gold]
    said = boxes_in(without_reasoning(prediction.output))
    if not said:
        return BOX_IOU_1.nothing()
    overlaps = _matched(golds, said)
    most = max(len(golds), len(said))
    hits = sum(overlap >= _HIT_IOU for overlap in overlaps)
    return Verdict(values={"accuracy": hits / most, "iou": sum(overlaps) / most})


def boxes_in(text: str) -> list[Box]:
    """Return the boxes of a text in order; a run of numbers that is not made of fours holds none."""
    runs = (run.split() for run in _NUMBERS.findall(_SEPARATOR.sub(" ", unicodedata.normalize("NFKC", text))))
    numbers = [float(number) for run in runs if len(run) % 4 == 0 for number in run]
    boxes = zip(numbers[::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=True)
    return [box for box in boxes if box[0] < box[2] and box[1] < box[3]]


def intersection_over_union(one: Box, other: Box) -> float:
    """Return the shared area of two boxes over the area of both together, in [0, 1]."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def _gold_box(gold: str, prediction_id: str) -> Box:
    numbers = re.findall(_NUMBER, gold)[-4:]
    boxes = boxes_in(" ".join(numbers))
    if not boxes:
        raise DataError(
            f"gold of box prediction {prediction_id}", got=repr(gold), expected="label x0 y0 x1 y1 in pixels"
        )
    return boxes[0]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _matched(golds: list[Box], said: list[Box]) -> list[float]:
    """Return the overlaps of a one-to-one match, best pair first."""
    pairs = [(intersection_over_union(gold, box), i, j) for i, gold in enumerate(golds) for j, box in enumerate(said)]
    taken_golds: set[int] = set()
    taken_boxes: set[int] = set()
    overlaps: list[float] = []
    for overlap, i, j in sorted(pairs, reverse=True):
        if i not in taken_golds and j not in taken_boxes:
            taken_golds.add(i)
            taken_boxes.add(j)
            overlaps.append(overlap)
    return overlaps


BOX_IOU_1 = Protocol(name="box_iou@1", kinds=("box",), metrics=("accuracy", "iou"), rule=judge_box_iou_1)
