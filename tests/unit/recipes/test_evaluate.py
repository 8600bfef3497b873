from collections import Counter
from pathlib import Path

import pytest

from doctorsun.recipes.evaluate import Examinee, questions
from doctorsun.schema import Answer, Groups, Sample
from doctorsun.storage.store import Store
from small_model import assistant, image, png, question, sample, save_small, write_store

YES = Answer(kind="closed", gold=("yes",))


def asked(number: int, **fields: object) -> Sample:
    groups = Groups(patient=f"patient-{number}")
    settings = {"answer": YES, "task": "presence:nodule", "modality": "xray", "groups": groups} | fields
    return question(f"sample-{number}", "Is there a nodule?", "Yes.", image(png(number)), **settings)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    samples = [asked(number, language="zh" if number % 3 == 0 else "en") for number in range(9)]
    samples.append(asked(9, task="side:nodule"))
    samples.append(sample("text", assistant("A text.")))
    return write_store(tmp_path_factory.mktemp("evaluate") / "store", samples)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("evaluate") / "small")


def test_questions_are_limited_per_type_and_language_in_the_order_of_the_store(store: Store) -> None:
    chosen = list(questions(store, limit=2))
    assert Counter((each.task, each.language) for each in chosen) == {
        ("presence:nodule", "en"): 2,
        ("presence:nodule", "zh"): 2,
        ("side:nodule", "en"): 1,
    }
    ids = store.column("id")
    assert [ids.index(each.id) for each in chosen] == sorted(ids.index(each.id) for each in chosen)


def test_the_choice_does_not_depend_on_what_else_is_in_the_store(store: Store, tmp_path: Path) -> None:
    fewer = write_store(tmp_path / "fewer", [store[row] for row in range(len(store)) if row != 9])
    chosen = {each.id for each in questions(store, limit=2)} - {"sample-9"}
    assert {each.id for each in questions(fewer, limit=2)} == chosen


def test_without_a_limit_everything_that_has_an_answer_is_asked(store: Store) -> None:
    assert len(list(questions(store, limit=None))) == 10


def test_boxes_of_an_answer_are_told_in_pixels_of_the_image(weights: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=2, batch=4)
    assert examinee.in_pixels("<box>[[0, 0, 500, 1000]]</box>", asked(1)) == "[0.0, 0.0, 16.0, 32.0]"
    assert examinee.in_pixels("<box>[[0, 0, 500, 1000]]</box>", sample("text", assistant("?"))).startswith("<box>")


def test_no_weights_are_loaded_where_nothing_is_asked(weights: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=2, batch=4)
    assert list(examinee.answer([])) == []
    assert "_loaded" not in vars(examinee)
    assert examinee.version.decoding == "greedy, 2 tokens"
