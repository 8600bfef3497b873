from collections import Counter
from pathlib import Path
from shutil import copytree, rmtree

from doctorsun.eval.tasks import task_named
from doctorsun.recipes.evaluate import Examinee, questions
from doctorsun.storage.store import Store
from small_model import assistant, sample, write_store


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


def test_boxes_of_an_answer_are_told_in_pixels_of_the_image(store: Store, weights: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=2, batch=4)
    assert examinee.in_pixels("<box>[[0, 0, 500, 1000]]</box>", store[1]) == "[0.0, 0.0, 16.0, 32.0]"
    assert examinee.in_pixels("<box>[[0, 0, 500, 1000]]</box>", sample("text", assistant("?"))).startswith("<box>")


def test_no_weights_are_loaded_where_nothing_is_asked(weights: Path, tmp_path: Path) -> None:
    gone = copytree(weights, tmp_path / "gone")
    examinee = Examinee(gone, name="small", max_tokens=2, batch=4)
    rmtree(gone)
    assert list(examinee.answer([])) == []
    assert examinee.version.decoding == "greedy, 2 tokens"


def test_weights_are_loaded_once_for_tasks_of_other_lengths(weights: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=2, batch=4)
    longer = examinee.for_task(task_named("own").model_copy(update={"max_tokens": 9}))
    assert (longer.version.decoding, examinee.version.decoding) == ("greedy, 9 tokens", "greedy, 2 tokens")
    assert longer.engine is examinee.engine
    assert examinee.for_task(task_named("own")) is examinee
