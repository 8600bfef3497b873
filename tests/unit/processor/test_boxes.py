import pytest

from doctorsun.errors import DataError
from doctorsun.processor.boxes import boxes_in_pixels, find_boxes, write_boxes
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.schema import Object

FRAME = ImageProcessor(size=100).frame(200, 200)


def test_a_pointer_becomes_thousandths_of_the_square_of_its_own_image() -> None:
    wide = ImageProcessor(size=100).frame(400, 200)
    objects = (
        Object(label="nodule", box_px=(20.0, 40.0, 60.0, 100.0)),
        Object(label="cyst", box_px=(150.0, 0.0, 250.0, 50.0), image=1),
    )
    text = write_boxes("<box>#1</box> and <box>#0</box>", objects, (FRAME, wide))
    assert text == "<box>[[250, 0, 750, 250]]</box> and <box>[[100, 200, 300, 500]]</box>"


def test_a_pointer_to_no_object_is_refused() -> None:
    with pytest.raises(DataError, match=r"the box #2 in 'see <box>#2</box>': got 1 objects, expected a pointer to one"):
        write_boxes("see <box>#2</box>", (Object(label="nodule", box_px=(0.0, 0.0, 1.0, 1.0)),), (FRAME,))


def test_boxes_of_an_answer_come_back_in_pixels() -> None:
    answer = "<ref>nodule</ref><box>[[100, 200, 300, 500]]</box>, <box> [[0,0,  1000,1000]] </box>"
    assert boxes_in_pixels(answer, FRAME) == "<ref>nodule</ref>[20.0, 40.0, 60.0, 100.0], [0.0, 0.0, 200.0, 200.0]"


@pytest.mark.parametrize(
    "malformed", ["<box>[[1, 2, 3]]</box>", "<box>[[1, 2, 3, x]]</box>", "<box>[[1, 2, 3, 4]]", "no box"]
)
def test_a_malformed_box_stays_as_it_is_and_shifts_no_other(malformed: str) -> None:
    answer = f"{malformed} <box>[[500, 500, 1000, 1000]]</box>"
    assert boxes_in_pixels(answer, FRAME) == f"{malformed} [100.0, 100.0, 200.0, 200.0]"


def test_boxes_of_an_answer_are_found_with_their_labels() -> None:
    answer = "<ref>left nodule </ref> <box>[[100, 200, 300, 500]]</box>, <box>[[0,0,1000,1000]]</box>, <box>[[1]]</box>"
    assert find_boxes(answer, FRAME, 200, 200) == (
        Object(label="left nodule", box_px=(20.0, 40.0, 60.0, 100.0)),
        Object(label="", box_px=(0.0, 0.0, 200.0, 200.0)),
    )


def test_boxes_are_cut_at_the_edges_of_a_padded_image() -> None:
    frame = ImageProcessor(size=100, fit="pad").frame(400, 200)
    answer = "<box>[[0, 0, 500, 500]]</box><box>[[0, 0, 1000, 250]]</box><box>[[500, 500, 400, 600]]</box>"
    assert find_boxes(answer, frame, 400, 200) == (Object(label="", box_px=(0.0, 0.0, 200.0, 100.0)),)
