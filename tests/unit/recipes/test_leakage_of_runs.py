"""The leakage check of an evaluation."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from doctorsun.config import load_recipe
from doctorsun.data.leak.trace import traces_of
from doctorsun.errors import DataError
from doctorsun.eval.leakage import LeakNotes
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.leakage import TrainingData, training_data, training_stores
from doctorsun.schema import Sample
from doctorsun.storage.atomic import write_json
from doctorsun.storage.store import Store
from leak_rows import SampleRows
from small_model import assistant, image, png, question, sample, write_store


def asked(number: int, words: str) -> Sample:
    return question(f"sample-{number}", words, "Yes.", image(png(number)))


@pytest.fixture
def train(tmp_path: Path) -> Store:
    return write_store(tmp_path / "train", [asked(1, "Is there a nodule?"), asked(2, "Which side?")])


def test_the_contact_of_each_question_is_written_and_slices_the_scores(train: Store, tmp_path: Path) -> None:
    data = TrainingData(stores={"own/train": train}, cache=tmp_path / "cache")
    told: list[tuple[str, str, int, int]] = []

    marks = data.check("own", [asked(1, "Is it CT?"), asked(7, "Is it MR?")], tmp_path, lambda *done: told.append(done))

    assert marks["sample-1"] == {"leakage": "seen", "image_leakage": "exact", "question_leakage": "clean"}
    assert marks["sample-7"]["leakage"] == "clean"
    facts = json.loads((tmp_path / "leakage.json").read_text())
    assert facts["stores"] == [{"name": "own/train", "sha256": train.sha256, "num_samples": 2}]
    assert facts["num_clean"] == 1
    assert told == [("own", "leakage own/train", 2, 2)]
    assert (tmp_path / "cache/traces" / train.sha256).is_dir()


def test_without_training_data_nothing_is_searched_and_old_facts_are_withdrawn(tmp_path: Path) -> None:
    (tmp_path / "leakage.json").write_text("{}")
    told: list[str] = []

    data = training_data(tmp_path, [], tmp_path / "cache", told.append)

    assert data.check("own", [asked(1, "Is it CT?")], tmp_path, lambda *_: None) == {}
    assert not (tmp_path / "leakage.json").exists()
    assert told == ["leakage: not checked, since the training data are not known; name them with --training STORE"]


def test_the_stores_of_a_run_are_found_from_its_weights(train: Store, tmp_path: Path) -> None:
    source = f"data.sources.made={{reader: store, splits: {{train: {train.folder}}}}}"
    mixture = "stages.align.mixture=[{source: made}]"
    recipe = load_recipe("micro", overrides=[source, mixture], search=SHIPPED)
    run = tmp_path / "run"
    (run / "weights").mkdir(parents=True)
    write_json(run / "run.json", {"recipe": recipe.model_dump(mode="json")})
    told: list[str] = []

    found = [training_data(place, [], tmp_path / "cache", told.append).stores for place in (run, run / "weights")]

    assert [list(stores) for stores in found] == [["made/train"]] * 2
    others = {entry.source for stage in recipe.stages.values() for entry in stage.mixture} - {"made"}
    assert {line.split()[4] for line in told} == others
    assert told[0].endswith("is not here and is not searched")


def test_a_run_learns_from_the_stores_of_its_mixtures_alone(train: Store) -> None:
    recipe = load_recipe("micro", overrides=["stages.align.mixture=[{source: shapes}]"], search=SHIPPED)
    names = ["shapes/train", "shapes/test", "other/train"]

    assert list(training_stores(recipe, dict.fromkeys(names, train))) == ["shapes/train"]


def test_the_training_part_of_a_named_store_is_searched(tmp_path: Path) -> None:
    rows = [
        replace(row, source=replace(row.source, split=split))
        for row, split in ((asked(1, "Is it CT?"), "train"), (asked(2, "Is it MR?"), "test"))
    ]
    both, texts = write_store(tmp_path / "both", rows), write_store(tmp_path / "texts", [sample("a", assistant("A."))])

    stores = training_data(tmp_path, [both.folder, texts.folder], tmp_path, [].append).stores

    assert [len(store) for store in stores.values()] == [1, 1]
    with pytest.raises(DataError):
        training_data(tmp_path, [tmp_path / "nothing"], tmp_path, [].append)


def test_images_that_are_only_named_are_not_taken_for_one_another() -> None:
    rows = [asked(1, "Is it CT?"), asked(2, "Which side?")]
    one, other = (replace(row, images=(replace(row.images[0], bytes=None, sha256=""),)) for row in rows)
    notes = LeakNotes([one])

    notes.look_through(traces_of([other]), SampleRows([other]))

    assert notes.leaks[one.id].marks == {"leakage": "clean", "image_leakage": "clean", "question_leakage": "clean"}
