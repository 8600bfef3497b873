"""Tests of what several people agree on."""

from itertools import permutations

from doctorsun.data.readers.agreement import agreed_labels, agreed_marks
from doctorsun.data.readers.record import Mark
from doctorsun.image.geometry import Box


def drawn(person: str, label: str, box: Box) -> tuple[str, Mark]:
    return person, Mark(label=label, box_px=box)


NODULES = (
    drawn("a", "nodule", (0, 0, 10, 10)),
    drawn("b", "nodule", (2, 0, 12, 10)),
    drawn("c", "nodule", (1, 3, 11, 13)),
    drawn("c", "nodule", (50, 50, 60, 60)),
)


def test_boxes_in_one_place_are_one_object_and_its_box_is_their_mean() -> None:
    assert agreed_marks(NODULES, 2) == [Mark(label="nodule", box_px=(1, 1, 11, 11))]


def test_what_fewer_drew_is_left_out() -> None:
    assert [mark.box_px for mark in agreed_marks(NODULES, 1)] == [(1, 1, 11, 11), (50, 50, 60, 60)]
    assert agreed_marks(NODULES, 4) == []


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert len({tuple(agreed_marks(order, 2)) for order in permutations(NODULES)}) == 1


def test_two_boxes_of_one_person_are_two_objects() -> None:
    both = (drawn("a", "nodule", (0, 0, 10, 10)), drawn("a", "nodule", (0, 0, 10, 9)))
    assert len(agreed_marks(both, 1)) == 2
    assert agreed_marks(both, 2) == []


def test_other_labels_and_other_places_do_not_count() -> None:
    apart = (drawn("a", "nodule", (0, 0, 10, 10)), drawn("b", "mass", (0, 0, 10, 10)))
    assert agreed_marks((*apart, drawn("c", "nodule", (6, 6, 16, 16))), 2) == []


def test_labels_that_enough_people_name() -> None:
    named = (("a", "healthy"), ("b", "healthy"), ("b", "healthy"), ("c", "ill"))
    assert agreed_labels(named, 2) == ["healthy"]
    assert agreed_labels(named, 3) == []
