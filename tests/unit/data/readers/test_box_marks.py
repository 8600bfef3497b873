"""Coordinates in words become objects in absolute pixels, and pointers at them."""

import pytest

from doctorsun.data.readers.box_marks import objects_of_marks
from doctorsun.schema import Image, Message, image_part, text_part

HERE = Image(bytes=b"1", sha256="a", width=200, height=100)
GONE = Image(bytes=None, sha256="", width=0, height=0)


def ask(question, answer="Yes.", images=(HERE,), size=None):
    messages = (
        Message(role="user", content=(image_part(), text_part(question))),
        Message(role="assistant", content=(text_part(answer),)),
    )
    found = objects_of_marks(messages, images, size)
    if isinstance(found, str):
        return found, ()
    return tuple(message.text for message in found[0]), tuple((each.label, each.box_px) for each in found[1])


@pytest.mark.parametrize(
    "box", ["[[0.25, 0.5, 0.5, 1]]", "[[50,50,100,100]]", " [ [50.0, 50, 100 , 100] ] ", "[50,50,100,100]"]
)
def test_shares_and_pixels_are_told_apart(box):
    texts, objects = ask(f"What is in <box>{box}</box>?")

    assert texts[0] == "What is in <box>#0</box>?"
    assert objects == (("", (50, 50, 100, 100)),)


def test_the_label_stands_before_the_box_or_alone_in_the_reply():
    texts, objects = ask("Find it.", "<ref>cyst</ref><box>[[1,2,3,4]]</box>, <ref>mass</ref> <box>[[5,6,7,8]]</box>")
    assert texts[1] == "<ref>cyst</ref><box>#0</box>, <ref>mass</ref> <box>#1</box>"
    assert [label for label, _ in objects] == ["cyst", "mass"]

    texts, objects = ask("Focus on <box> [[0.31, 0.51, 0.74, 0.83]] </box>. What?", "<ref>white blood cell</ref>.")
    assert texts[1] == "<ref>white blood cell</ref>."
    assert objects == (("white blood cell", (62, 51, 148, 83)),)


def test_several_boxes_of_one_mark_and_one_box_said_twice():
    texts, objects = ask("See <box>[[1,2,3,4],[5,6,7,8]]</box>", "Yes, <box>[[1,2,3,4]]</box>")

    assert texts == ("See <box>#0</box><box>#1</box>", "Yes, <box>#0</box>")
    assert len(objects) == 2


def test_the_size_of_an_image_that_is_not_here_is_the_records():
    assert ask("<box>[[0, 0, 0.5, 0.5]]</box>", images=(GONE,), size=(40, 20))[1] == (("", (0, 0, 20, 10)),)


def test_a_box_that_rounding_moved_over_the_edge_is_cut():
    assert ask("<box>[[0, 0, 201, 100.4]]</box>")[1] == (("", (0, 0, 200, 100)),)


def test_words_without_boxes_stay_as_they_are():
    assert ask("<ref>cyst</ref>?", images=(HERE, HERE)) == (("<ref>cyst</ref>?", "Yes."), ())


@pytest.mark.parametrize(
    ("mark", "images", "fault"),
    [
        ("[[1,2,3,400]]", (HERE,), "<box>[[1,2,3,400]]</box>: not inside 200 x 100 pixels"),
        ("[[-5,2,3,4]]", (HERE,), "<box>[[-5,2,3,4]]</box>: not inside 200 x 100 pixels"),
        ("[[9,2,3,4]]", (HERE,), "<box>[[9,2,3,4]]</box>: not inside 200 x 100 pixels"),
        ("[[1,2,3]]", (HERE,), "<box>[[1,2,3]]</box>: no box of four numbers"),
        ("[[1,2,3,4],[1,2]]", (HERE,), "<box>[[1,2,3,4],[1,2]]</box>: no box of four numbers"),
        ("[[1,2,3,nan]]", (HERE,), "<box>[[1,2,3,nan]]</box>: no box of four numbers"),
        ("[[1,2,3,x]]", (HERE,), "<box>[[1,2,3,x]]</box>: no box of four numbers"),
        ("[[0,0,1,1]]", (GONE,), "boxes on an image whose size is not known"),
        ("[[0,0,1,1]]", (HERE, HERE), "boxes on 2 images"),
    ],
)
def test_boxes_that_cannot_be_right_are_told(mark, images, fault):
    assert ask(f"<box>{mark}</box>", images=images)[0] == fault


def test_a_wrong_box_drops_its_record(lay, import_all):
    talk = [{"from": "human", "value": "<image>\n<box>[[9,9,1,1]]</box>?"}, {"from": "gpt", "value": "Yes."}]
    record = {"image": "a.jpg", "conversations": talk, "width": 20, "height": 20}

    (item,) = import_all("gmai", lay("a.jsonl", record))

    assert (item.reason, item.detail) == ("box", "<box>[[9,9,1,1]]</box>: not inside 20 x 20 pixels")
