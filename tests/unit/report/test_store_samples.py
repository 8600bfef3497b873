from dataclasses import replace
from pathlib import Path

from fake_store import HOSTILE, boxed, document, missing, picture, question, write_store

from doctorsun.report.store_facts import Candidate, count_store
from doctorsun.report.store_samples import MAX_CHARACTERS, choose_samples, choose_varied, show
from doctorsun.schema import Image
from doctorsun.storage.store import Store


def candidate(row: int, *traits: str) -> Candidate:
    return Candidate(row=row, traits=traits, has_image=True)


def test_each_choice_is_the_one_that_was_shown_least() -> None:
    pool = [candidate(0, "a", "x"), candidate(1, "a", "x"), candidate(2, "a", "y"), candidate(3, "b", "x")]
    assert [each.row for each in choose_varied(pool, 3)] == [0, 3, 2]
    assert len(choose_varied(pool, 9)) == 4


def test_samples_with_pictures_come_first_then_named_images_then_words(tmp_path: Path) -> None:
    folder = write_store(
        tmp_path / "s", document("c", "x"), question("b", "?", "!", missing("m")), boxed("a", picture(9, 9))
    )
    store = Store(folder)
    shown = choose_samples(store, count_store(store).candidates)
    assert [each.sample.id for each in shown] == ["a", "b", "c"]
    assert [bool(each.picture) for each in shown] == [True, False, False]


def test_boxes_that_the_words_speak_of_have_numbers() -> None:
    shown = show(boxed("a", picture(9, 9)))
    assert [turn.text for turn in shown.turns] == ["What is in [box 2]?", "polyp."]
    assert [(box.number, box.box_px) for box in shown.boxes] == [(2, (3, 3, 9, 9)), (0, (1, 2, 5, 6))]
    assert show(boxed("a", picture(9, 9), language="zh")).turns[0].text == "What is in [框 2]?"


def test_boxes_on_another_image_are_not_drawn_on_the_first() -> None:
    sample = boxed("a", picture(9, 9))
    moved = replace(sample, objects=tuple(replace(thing, image=1) for thing in sample.objects))
    assert show(moved).boxes == ()


def test_long_texts_and_long_conversations_are_cut_and_say_so() -> None:
    sample = question("a", "x" * (MAX_CHARACTERS + 7), "\x00\x1b!", picture(4, 4), picture(5, 5))
    shown = show(replace(sample, messages=sample.messages * 3))
    assert (len(shown.turns[0].text), shown.turns[0].num_more) == (MAX_CHARACTERS, 7)
    assert shown.turns[1].text == "!"
    assert (shown.num_more_turns, shown.num_more_images) == (2, 1)


def test_bytes_that_are_no_picture_are_not_shown() -> None:
    broken = Image(bytes=b"\x89PNG nonsense", sha256="x", width=3, height=3)
    assert show(question("a", HOSTILE, "!", broken)).picture == ""
