"""What is marked on slices, and which slices are chosen."""

import numpy as np
import pytest

from doctorsun.data.readers.marked_stack import MarkedObject, MarkedStack, SliceChoice


def thing(label, areas):
    areas = np.asarray(areas)
    return MarkedObject(label=label, areas=areas, mask_on=lambda index: np.arange(100).reshape(10, 10) < areas[index])


def stack(*objects, labels=None, distance_mm=None):
    labels = labels or tuple(dict.fromkeys(item.label for item in objects))
    return MarkedStack(len(objects[0].areas) if objects else 11, labels, objects, distance_mm)


def test_a_slice_shows_what_has_pixels_on_it():
    shown = stack(thing("a", [0, 5, 7]), thing("b", [3, 0, 0]), labels=("a", "b", "c"))
    (mark,) = shown.marks_on(1)
    assert (mark.label, mark.box_px, mark.slices) == ("a", (0, 0, 5, 1), (1, 2))
    assert shown.labels_on([1]) == {"a": True, "b": False, "c": False}
    assert shown.labels_on([0, 2]) == {"a": True, "b": True, "c": False}


def test_the_largest_cross_section_of_each_label_comes_first():
    shown = stack(thing("a", [1, 4, 9, 4, 1, 0, 0, 0, 0]), thing("b", [0, 0, 0, 0, 1, 2, 6, 8, 2]))
    assert SliceChoice(num_slices=2, num_clear=0).choose(shown) == [2, 7]


def test_further_slices_lie_far_from_the_chosen_and_never_beside_them():
    shown = stack(thing("a", [5, 6, 7, 8, 9, 8, 7, 6, 5]))
    assert SliceChoice(num_slices=3, num_clear=0).choose(shown) == [0, 4, 8]
    assert SliceChoice(num_slices=9, num_clear=0).choose(shown) == [0, 2, 4, 6, 8]


def test_slices_are_apart_in_millimetres_where_these_are_known():
    shown = stack(thing("a", [5, 6, 7, 8, 9, 8, 7, 6, 5]), distance_mm=1.25)
    assert SliceChoice(num_slices=9, num_clear=0, gap_mm=5).choose(shown) == [0, 4, 8]


def test_slivers_are_not_chosen():
    shown = stack(thing("a", [1, 50, 100, 50, 1, 1, 1]))
    assert SliceChoice(num_slices=4, num_clear=0).choose(shown) == [2]


def test_lesions_choose_the_slices_and_clear_ones_have_none():
    organ, lesion = thing("liver", [9, 9, 9, 9, 9, 9, 9, 9, 9]), thing("tumour", [0, 0, 0, 0, 0, 0, 2, 3, 0])
    chosen = SliceChoice(num_slices=1, num_clear=2, lesions=("tumour",)).choose(stack(organ, lesion))
    assert chosen == [2, 4, 7]


@pytest.mark.parametrize(("num_clear", "chosen"), [(0, []), (1, [5]), (3, [3, 5, 7])])
def test_without_anything_marked_only_clear_slices_are_chosen(num_clear, chosen):
    assert SliceChoice(num_clear=num_clear).choose(stack(labels=("a",))) == chosen
