"""Checks of a recipe against the stores that are there, and of stages that say too little or too much."""

from pathlib import Path

import pytest

from doctorsun.errors import RecipeError
from doctorsun.recipes.check import load_checked, load_for_plan
from doctorsun.storage.hub.pull import PullRules
from small_model import assistant, sample, write_store

RECIPE = """\
name: base
model: {preset: tiny}
data: {sources: {phantom: {reader: store, splits: {train: FOLDER/made}}}}
stages:
  align:
    trainable: {projector: full}
    mixture: [{source: phantom, datasets: [NAMED]}]
    steps: 10
    batch_samples: 8
    lr: 1e-3
    VALIDATION
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_store(tmp_path / "made", [sample("a", assistant("A lung."))])
    return tmp_path


def written(folder: Path, *, named: str = "made", validation: str = "") -> Path:
    path = folder / "r.yaml"
    text = RECIPE.replace("FOLDER", str(folder)).replace("NAMED", named).replace("VALIDATION", validation)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_without_stages_is_refused_at_its_place():
    told = "nothing to train: got no stage, expected at least one; write a stage there"
    with pytest.raises(RecipeError, match=rf"^--set stages={{}}: stages: {told}"):
        load_checked("tiny", ["stages={}"])


def test_data_sets_are_looked_for_in_a_store_that_is_there(folder: Path):
    load_checked(written(folder))
    path = written(folder, named="nosuch")
    with pytest.raises(RecipeError) as raised:
        load_checked(path)
    assert raised.value.text() == (
        f"{path}:7:43: stages.align.mixture.0.datasets: the source 'phantom' lacks 1 of the 1 data sets that are named:"
        " got 'nosuch', expected 'made'; take what is there: --set 'stages.align.mixture.0.datasets=[made]'"
    )
    with pytest.raises(RecipeError, match=r"r.yaml:7:43: stages.align.mixture.0.datasets: the source 'phantom' lacks"):
        load_for_plan(path, out=None, rules=PullRules(offline=True))


def test_steps_and_epochs_together_are_told_with_the_setting_that_takes_one_away():
    told = "stages.align: 'steps' and 'epochs' are both given; take one away, such as --set stages.NAME.steps=null"
    with pytest.raises(RecipeError, match=told):
        load_checked("tiny", ["stages.align.epochs=1"])
    assert load_checked("tiny", ["stages.align.epochs=1", "stages.align.steps=null"]).stages["align"].epochs == 1


def test_a_store_without_a_validation_split_is_told_with_the_setting_that_names_one(folder: Path):
    path = written(folder, validation="validation: {source: phantom, every_steps: 5}")
    with pytest.raises(RecipeError, match=r"name its store: --set data.sources.phantom.splits.validation=STORE$"):
        load_checked(path)
