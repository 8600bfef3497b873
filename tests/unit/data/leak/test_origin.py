"""The origin of an image."""

import pytest

from doctorsun.data.leak.origin import is_same_origin, origin_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("slake", "xmlab1/source.jpg"), ("SLAKE", "imgs/xmlab1/source.png")),
        (("vqa_rad", "images/synpic1.jpg"), ("VQA-RAD", "synpic1.JPG")),
        (("slake/train", "xmlab1/source.jpg"), ("slake", "xmlab1\\source.jpg")),
        (("slake", "xmlab1/source.jpg"), ("gmai", "images/SLAKE/xmlab1/source.jpg")),
    ],
)
def test_one_image_under_two_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert is_same_origin(origin_of(*one), origin_of(*other))
    assert is_same_origin(origin_of(*other), origin_of(*one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("slake", "xmlab1/source.jpg"), ("slake", "xmlab2/source.jpg")),
        (("slake", "train/1.jpg"), ("slake", "test/1.jpg")),
        (("slake", "xmlab1/source.jpg"), ("vqa_rad", "xmlab1/source.jpg")),
        (("slake", "lab1/source.jpg"), ("slake", "xmlab1/source.jpg")),
        (("", "1.jpg"), ("", "1.jpg")),
        (("slake", ""), ("slake", "")),
    ],
)
def test_two_images(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert not is_same_origin(origin_of(*one), origin_of(*other))


def test_only_the_ending_of_a_picture_is_cut_off() -> None:
    assert origin_of("set", "case.1/slice.002.PNG") == ("set", "case.1", "slice.002")
    assert origin_of("set", "case/patient.0012") == ("set", "case", "patient.0012")
