"""The leak check of a store."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes import leak
from doctorsun.recipes.leak import find_leaks, write_leaks
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from leak_rows import picture
from small_model import question, write_store


def asked(name: str, words: str, seed: int, split: str = "train") -> Sample:
    made = question(name, words, "Left.", replace(picture(seed), path=f"images/{seed}.png"))
    return replace(made, source=replace(made.source, split=split))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = [asked("t", "Why?", 1, "test"), asked("v", "Who?", 2, "validation"), asked("s", "Which side?", 3)]
    return write_store(tmp_path / "store", rows)


def asked_of(folder: Path, *rows: Sample) -> dict[str, Path]:
    return {"own": write_store(folder / "asked", rows).folder}


def test_what_is_learnt_from_is_searched_and_written(store: Store, tmp_path: Path) -> None:
    named = asked_of(tmp_path, asked("q1", "Why?", 1), asked("q2", "Who?", 2), asked("q3", "Which side?", 3))
    told: list[tuple[str, int, int]] = []

    tests = leak.tested_sets(named, tmp_path / "cache", [].append)
    found = find_leaks(store.folder, tests, tmp_path / "cache", lambda *done: told.append(done))
    write_leaks(found, tmp_path / "out")

    facts = json.loads((tmp_path / "out/leaks.json").read_text())
    assert facts["store"] == {"name": "made", "sha256": store.sha256, "num_samples": 3, "num_searched": 2}
    assert [(test["task"], test["num_leaked"], test["num_pairs"]) for test in facts["tests"]] == [("own", 2, 2)]
    rows = [json.loads(line) for line in (tmp_path / "out/leaks.jsonl").read_text().splitlines()]
    assert [(row["question_id"], row["row"], row["sample_id"], row["split"]) for row in rows] == [
        ("q2", 1, "v", "validation"),
        ("q3", 2, "s", "train"),
    ]
    assert rows[0] | {"question_id": "", "row": 0, "sample_id": "", "split": ""} == {
        "task": "own",
        "question_id": "",
        "question": "Who?",
        "row": 0,
        "sample_id": "",
        "dataset": "made",
        "split": "",
        "layer": "image_id",
        "layers": ["image_id", "file", "pixels"],
        "bits": 0,
        "words": "exact",
        "share": None,
        "test_image": "made/images/2",
        "image": "images/2.png",
    }
    assert told == [("store", 3, 3)]


def test_of_a_test_with_several_splits_the_test_is_asked_and_what_lacks_its_image_too(
    store: Store, tmp_path: Path
) -> None:
    lacking = asked("q4", "Which side?", 3, "test")
    lacking = replace(lacking, images=(replace(lacking.images[0], bytes=None, sha256=""),))
    named = asked_of(tmp_path, asked("q1", "Why?", 3, "train"), asked("q2", "Who?", 9, "test"), lacking)

    (tested,) = leak.tested_sets(named, tmp_path / "cache", [].append)
    found = find_leaks(store.folder, [tested], tmp_path / "cache", lambda *_: None)

    assert [question.id for question in tested.questions] == ["q2", "q4"]
    assert [each.layer for each in found.tests[0].leaks] == ["image_id"]


def test_a_store_of_one_split_is_searched_whole(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [asked("t", "Why?", 1, "test")])

    (test,) = find_leaks(
        store.folder, leak.tested_sets({"any name": store.folder}, tmp_path, [].append), tmp_path, lambda *_: None
    ).tests

    assert (test.tested.name, len(test.leaks)) == ("any name", 1)


def test_a_store_without_samples_is_refused(tmp_path: Path) -> None:
    empty = write_store(tmp_path / "empty", []).folder
    with pytest.raises(DataError, match="got a store without samples"):
        find_leaks(empty, [], tmp_path / "cache", lambda *_: None)


def test_a_test_that_is_no_task_and_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="task"):
        leak.tested_sets({"no_such_task": tmp_path}, tmp_path, [].append)
    with pytest.raises(DataError, match="task slake_en in"):
        leak.tested_sets({"slake_en": tmp_path}, tmp_path, [].append)


SLAKE, RAD = "slake_qa_text/Slake1.0", "vqa_rad/data"


def imported(data: Path, folder: Path, form: str, path: str) -> Path:
    from doctorsun.config.collection import ImportSource
    from doctorsun.data.collect import open_source
    from doctorsun.data.pipeline import read_into

    section = ImportSource(format=form, path=str(data / path))
    read_into(folder, open_source(section), name=form, step={"step": "import"}, on_progress=lambda *_: None)
    return folder


def test_slake_leaks_across_its_languages_by_the_names_of_its_images(test_data: Path, tmp_path: Path) -> None:
    store = imported(test_data, tmp_path / "train", "slake", f"{SLAKE}/train.json")
    tests = leak.tested_sets(dict.fromkeys(("slake_en", "slake_zh"), test_data / SLAKE), tmp_path, [].append)

    found = find_leaks(store, tests, tmp_path, lambda *_: None)

    counted = [
        (part["num_leaked"], part["num_questions"], part["num_leaked_images"]) for part in found.facts()["tests"]
    ]
    assert counted == [(781, 1061, 72), (736, 1033, 70)]
    languages = [{found.store.without_bytes(each.row).language for each in test.leaks} for test in found.tests]
    assert languages == [{"zh"}, {"en"}]
    assert {each.layers for test in found.tests for each in test.leaks} == {("image_id",)}


def test_every_test_image_of_vqa_rad_is_found_in_its_training_set(test_data: Path, tmp_path: Path) -> None:
    store = imported(test_data, tmp_path / "rad", "vqa-rad", RAD)
    tests = leak.tested_sets({"vqa_rad": test_data / RAD}, tmp_path, [].append)

    found = find_leaks(store, tests, tmp_path, lambda *_: None)

    (facts,) = found.facts()["tests"]
    assert (found.num_searched, facts["num_leaked"], facts["num_leaked_images"]) == (3064, 451, 203)
    assert (facts["num_pairs"], facts["num_rows"]) == (16, 1912)
    by_layer = {row["layer"]: (row["images"], row["questions"]) for row in facts["layers"]}
    assert by_layer == dict.fromkeys(("image_id", "file", "pixels"), (203, 451)) | {"near": (0, 0), "question": (1, 1)}
