import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from doctorsun.config import Recipe, load_recipe
from doctorsun.recipes import SHIPPED
from doctorsun.recipes.evaluate import few_questions
from doctorsun.recipes.examination import examination_of
from doctorsun.recipes.sinks import open_sinks
from doctorsun.recipes.stores import RunStores
from doctorsun.storage.store import Store
from small_model import small_model, small_processor, write_store


def recipe_of(store: Store, *overrides: str) -> Recipe:
    source = json.dumps({"reader": "store", "splits": {"train": str(store.folder), "test": str(store.folder)}})
    settings = [f"data.sources.phantom={source}", "evaluation.max_tokens=2", *overrides]
    return load_recipe("micro", overrides=settings, search=SHIPPED)


def stores_of(recipe: Recipe, run: Path) -> RunStores:
    return RunStores(recipe, run, lambda *_: None)


@pytest.fixture
def tested(tmp_path: Path, store: Store) -> Store:
    """The questions of a store, marked as its split ``test``."""
    rows = [replace(each, source=replace(each.source, split="test")) for each in store]
    return write_store(tmp_path / "tested", rows)


def test_a_recipe_without_the_setting_asks_nothing_during_training(tmp_path: Path, tested: Store) -> None:
    recipe = recipe_of(tested)
    assert examination_of(recipe, stores_of(recipe, tmp_path), small_processor()) is None


@pytest.mark.parametrize("bf16", [False, True])
def test_headline_scores_come_by_task_kind_and_language(tmp_path: Path, tested: Store, *, bf16: bool) -> None:
    recipe = recipe_of(tested, "evaluation.every_steps=3", "evaluation.questions_at_intervals=6")
    examination = examination_of(recipe, stores_of(recipe, tmp_path), small_processor())
    assert examination is not None
    assert examination.every_steps == 3
    model = small_model()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        scores = examination.examine(model)
    assert scores
    assert {name.split("/")[0] for name in scores} == {"phantom"}
    assert {name.split("/")[1] for name in scores} == {"closed"}
    assert {name.split("/")[2] for name in scores} <= {"en", "zh"}
    assert all(0 <= value <= 1 for value in scores.values())


def test_few_questions_are_those_of_a_fixed_choice_in_the_order_of_the_store(store: Store) -> None:
    three, five = few_questions(store, 3), few_questions(store, 5)
    ids = store.column("id")
    assert len(three) == 3
    assert {each.id for each in three} < {each.id for each in five}
    places = [ids.index(each.id) for each in five]
    assert places == sorted(places)
    assert len(few_questions(store, 100)) == 10  # the text asks nothing


def test_no_sink_is_opened_unless_it_is_named(tmp_path: Path) -> None:
    with open_sinks(load_recipe("micro", search=SHIPPED), tmp_path) as sinks:
        assert sinks == []
    assert list(tmp_path.iterdir()) == []


def test_sinks_are_closed_when_the_run_ends(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs pip install 'doctorsun[tensorboard]'")
    recipe = load_recipe("micro", overrides=["telemetry.tensorboard=true"], search=SHIPPED)
    with open_sinks(recipe, tmp_path) as sinks:
        sinks[0].write({"event": "step", "stage": "align", "step": 1, "loss": 1.0, "time": 0.0})
    (file,) = (tmp_path / "tensorboard/align").iterdir()
    assert file.stat().st_size > 50
