"""Boxes in answers and their overlap."""

import pytest

from doctorsun.eval.protocols.box_iou import BOX_IOU_1, boxes_in, intersection_over_union


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("<ref>nodule</ref><box>[[10, 20, 30.5, 40]]</box>", [(10, 20, 30.5, 40)]),
        ("[[1,2],[3,4]] and (5 6 7 8)", [(1, 2, 3, 4), (5, 6, 7, 8)]),
        ("T2 lesion 1 2 3 4", [(1, 2, 3, 4)]),
        ("1 2 3", []),
        ("1 2 3 4 5", []),
        ("a 12x30 lesion", []),
    ],
)
def test_boxes_of_a_text(text, boxes):
    assert boxes_in(text) == boxes


@pytest.mark.parametrize(
    ("other", "overlap"),
    [((0, 0, 4, 6), 1), ((4, 0, 8, 6), 0), ((0, 0, 2, 6), 0.5), ((2, 3, 6, 9), 6 / 42), ((9, 9, 10, 10), 0)],
)
def test_intersection_over_union(other, overlap):
    assert intersection_over_union((0, 0, 4, 6), other) == pytest.approx(overlap)


def test_each_gold_box_takes_one_box(make_prediction):
    golds = ("cyst 0 0 10 10", "cyst 20 20 30 30")
    same_twice = make_prediction(kind="box", gold=golds, output="[0,0,10,10] [0,0,10,10]")
    swapped = make_prediction(kind="box", gold=golds, output="[20,20,30,30] [0,0,10,10]")

    assert BOX_IOU_1.judge(same_twice).values == {"accuracy": 0.5, "iou": 0.5}
    assert BOX_IOU_1.judge(swapped).values == {"accuracy": 1, "iou": 1}
