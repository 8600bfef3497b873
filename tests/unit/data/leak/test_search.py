"""The search for a test's images and questions among training samples."""

from dataclasses import replace

import pytest

from doctorsun.data.leak.contact import Contact
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.trace import traces_of
from doctorsun.schema import Image, Sample
from leak_rows import SampleRows, indexed, picture
from small_model import question

CASE = "A 24-year-old man comes to the physician because of fever and cough for three days. What is the diagnosis?"


def asked(number: int, words: str = "Which side?", *images: Image) -> Sample:
    return question(f"q{number}", words, "Left.", *images)


def contacts(tests: list[Sample], training: list[Sample], reads: list[Sample] | None = None) -> list[Contact]:
    return LeakSearch(indexed(tests)).look_through(traces_of(training), SampleRows(reads or training))


def named(image: Image, path: str) -> Image:
    return replace(image, path=path)


def gone(path: str) -> Image:
    return Image(bytes=None, sha256="", width=0, height=0, path=path)


@pytest.mark.parametrize(
    ("test", "training", "layers", "bits"),
    [
        (gone("a/1.jpg"), gone("images/a/1.png"), ("image_id",), None),
        (named(picture(1), "1.png"), named(picture(1), "1.png"), ("image_id", "file", "pixels"), 0),
        (picture(1), named(picture(1), "else.png"), ("file", "pixels"), 0),
        (picture(1), picture(1, "BMP"), ("pixels",), 0),
    ],
)
def test_an_image_is_known_by_its_origin_its_file_and_its_pixels(
    test: Image, training: Image, layers: tuple[str, ...], bits: int | None
) -> None:
    (found,) = contacts([asked(1, "Why?", test)], [asked(2, "Which side?", picture(7), training)])

    (seen,) = found.images.values()
    assert (seen.layers, seen.bits, seen.number) == (layers, bits, 1)


@pytest.mark.parametrize("other", [picture(1, "JPEG"), picture(1, width=60, height=50)])
def test_an_image_is_known_by_its_look(other: Image) -> None:
    (found,) = contacts([asked(1, "Why?", picture(1))], [asked(2, "Which side?", other)])

    assert [seen.layers for seen in found.images.values()] == [("near",)]


def test_a_near_fingerprint_of_another_picture_does_not_count() -> None:
    tests, training = [asked(1, "Why?", picture(1))], [asked(2, "Which side?", picture(1, "JPEG"))]

    assert contacts(tests, training, reads=[asked(2, "Which side?", picture(5))]) == []
    assert contacts(tests, training, reads=[asked(2, "Which side?", gone("1.jpg"))]) == []


def test_names_do_not_make_two_pictures_one() -> None:
    tests, training = asked(1, "Why?", named(picture(1), "1.png")), asked(2, "Who?", named(picture(2), "1.png"))

    assert contacts([tests], [training]) == []


def test_images_that_are_only_named_are_not_taken_for_one_another() -> None:
    assert contacts([asked(1, "Why?", gone(""))], [asked(2, "Which side?", gone(""))]) == []


@pytest.mark.parametrize(
    ("words", "degree", "share"),
    [
        (CASE, "exact", 1.0),
        (f"Question: {CASE}", "form", 1.0),
        (CASE.replace("24", "42").replace("diagnosis", "cause"), "grams", None),
    ],
)
def test_a_question_is_known_by_its_words(words: str, degree: str, share: float | None) -> None:
    (found,) = contacts([asked(1, CASE)], [asked(2, words)])

    (said,) = found.texts.values()
    assert said.degree == degree
    assert share is None or said.share == share
    assert said.share is not None
    assert said.share >= 0.3


def test_a_question_is_found_in_a_document_and_in_a_reply() -> None:
    training = [question("d", f"Read this. {CASE} It is flu.", "Yes."), question("r", "Tell a case.", CASE)]

    assert [[said.degree for said in each.texts.values()] for each in contacts([asked(1, CASE)], training)] == [
        ["grams"],
        ["grams"],
    ]


def test_equal_halves_of_hashes_are_not_equal_words() -> None:
    tests, training = [asked(1, CASE)], [asked(2, f"Once more: {CASE} Why?")]

    assert contacts(tests, training, reads=[asked(2, "Other words altogether.")]) == []


def test_short_questions_have_no_share() -> None:
    (found,) = contacts([asked(1)], [asked(2)])

    assert [(said.degree, said.share) for said in found.texts.values()] == [("exact", None)]


def test_words_that_many_questions_share_are_no_question() -> None:
    tests = [asked(number, f"Look at number {number}. {CASE}") for number in range(5)]

    assert contacts(tests, [asked(9, f"Think. {CASE}")]) == []
    assert len(contacts(tests[:4], [asked(9, f"Think. {CASE}")])) == 1


def test_a_question_about_an_image_that_is_another_is_told_so() -> None:
    tests = [asked(1, CASE, named(picture(1), "1.png"))]
    shown = {
        "other picture": picture(2),
        "other name": gone("2.png"),
        "not known": gone(""),
        "the same": named(picture(1), "1.png"),
    }

    found = contacts(tests, [asked(2, CASE, image) for image in shown.values()])

    told = [said.is_of_another_image for each in found for said in each.texts.values()]
    assert dict(zip(shown, told, strict=True)) == {
        "other picture": True,
        "other name": True,
        "not known": False,
        "the same": False,
    }
