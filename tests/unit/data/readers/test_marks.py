import numpy as np

from doctorsun.data.readers.marks import cut_to_picture, marks_of_mask, placed

MASK = np.array([[1, 0, 0, 2], [0, 1, 0, 2], [0, 0, 0, 0], [1, 0, 0, 1]])


def boxes(objects: str, min_pixels: int = 1) -> list[tuple[float, ...]]:
    return [mark.box_px for mark in marks_of_mask(MASK, "x", objects, min_pixels)]  # pyright: ignore[reportArgumentType]


def test_pixels_that_touch_are_an_object_corners_too():
    assert boxes("components") == [(0, 0, 2, 2), (3, 0, 4, 2), (0, 3, 1, 4), (3, 3, 4, 4)]


def test_all_are_one_or_each_value_is_one():
    assert boxes("one") == [(0, 0, 4, 4)]
    assert boxes("values") == [(0, 0, 4, 4), (3, 0, 4, 2)]


def test_small_objects_are_left_out_and_an_empty_mask_has_none():
    assert boxes("components", 2) == [(0, 0, 2, 2), (3, 0, 4, 2)]
    assert marks_of_mask(np.zeros((2, 2), dtype=np.int64), "x", "one") == []


def test_each_mark_has_its_own_mask():
    masks = [mark.mask for mark in marks_of_mask(MASK, "x", "components")]
    np.testing.assert_array_equal(np.sum(masks, axis=0), MASK > 0)


def test_boxes_are_cut_to_their_picture():
    assert cut_to_picture((-2, 1, 9, 3), (4, 6)) == (0, 1, 6, 3)
    assert cut_to_picture((6, 0, 9, 3), (4, 6)) is None
    assert cut_to_picture((2, 2, 2, 3), (4, 6)) is None


def test_a_mask_of_a_part_is_placed_or_does_not_fit():
    part = np.ones((2, 1), dtype=np.bool_)
    whole = placed(part, (3, 1), (4, 4))
    assert whole is not None
    assert np.argwhere(whole).tolist() == [[1, 3], [2, 3]]
    assert placed(part, (4, 0), (4, 4)) is None
    assert placed(part, (0, -1), (4, 4)) is None
