"""Loading of recipes: names and paths, extends, and the whole of what a wrong recipe is told."""

from pathlib import Path

import pytest

from doctorsun.config.load import find_recipe, load_marked_recipe, load_recipe
from doctorsun.errors import RecipeError

BASE = """\
name: base
model: {preset: tiny}
data:
  sources:
    phantom: {reader: phantom, num_images: {train: 100, test: 10}}
    shapes:
      reader: shapes
      num_images: {train: 50}
stages:
  align:
    trainable: {projector: full}
    mixture:
      - {source: phantom}
      - {source: shapes, weight: 0.5}
    steps: 10
    batch_samples: 8
    lr: 1e-3
"""


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    return folder


def child(shipped: Path, text: str, name: str = "child.yaml") -> Path:
    path = shipped / name
    path.write_text(text, encoding="utf-8")
    return path


def complaint(reference: str | Path, shipped: Path, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(reference, overrides=overrides, search=shipped)
    return caught.value.text().replace(f"{shipped}/", "")


def test_a_recipe_is_found_by_name_and_by_path(shipped: Path):
    by_name = load_recipe("base", search=shipped)
    assert by_name.stages["align"].lr == 0.001
    assert load_recipe(shipped / "base.yaml") == load_recipe(str(shipped / "base.yaml")) == by_name


def test_the_document_comes_with_the_recipe(shipped: Path):
    recipe, document = load_marked_recipe("base", overrides=["seed=3"], search=shipped)
    assert recipe.seed == 3
    assert document.nearest("seed").mark == "--set seed=3"
    assert document.nearest("stages", "align", "lr").mark == f"{shipped}/base.yaml:17:9"


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("bse", "there is no recipe 'bse': expected a YAML file or one of base; did you mean 'base'?"),
        ("zzz", "there is no recipe 'zzz': expected a YAML file or one of base; check the path"),
        (
            "x/bas.yaml",
            "x/bas.yaml: there is no recipe 'x/bas.yaml': expected a YAML file or one of base; did you mean 'base'?",
        ),
    ],
)
def test_a_missing_recipe_is_named(shipped: Path, reference: str, text: str):
    assert complaint(reference, shipped) == text


def test_a_folder_is_no_recipe(tmp_path: Path):
    with pytest.raises(RecipeError, match="got a folder, expected a YAML file; check the path"):
        find_recipe(tmp_path)


def test_a_child_wins_over_its_parent_and_lists_are_replaced(shipped: Path):
    path = child(
        shipped,
        "extends: base\nname: child\ndata: {sources: {shapes: {num_images: {test: 5}}}}\n"
        "stages: {align: {mixture: [{source: shapes}], lr: 2e-3}}\n",
    )
    recipe = load_recipe(path, search=shipped)
    align = recipe.stages["align"]
    assert (recipe.name, align.lr, align.steps) == ("child", 0.002, 10)
    assert [entry.source for entry in align.mixture] == ["shapes"]
    assert recipe.data.sources["shapes"].model_dump()["num_images"] == {"train": 50, "test": 5}


def test_extends_takes_a_path_relative_to_its_own_file(shipped: Path):
    child(shipped, "extends: ../shipped/base.yaml\nname: one\n", "one.yaml")
    assert load_recipe(child(shipped, "extends: one.yaml\nseed: 9\n")).name == "one"


def test_null_takes_away_what_the_parent_has(shipped: Path):
    path = child(shipped, "extends: base\ndata: {sources: {shapes: null}}\nstages: {align: null}\n")
    recipe = load_recipe(path, search=shipped)
    assert list(recipe.data.sources) == ["phantom"]
    assert recipe.stages == {}


def test_stages_of_parent_and_child_stand_in_the_order_of_training(shipped: Path):
    stage = "{trainable: {language: full}, mixture: [{source: phantom}], steps: 1, batch_samples: 1, lr: 1}"
    path = child(shipped, f"extends: base\nstages: {{instruct: {stage}, pretrain: {stage}}}\n")
    assert list(load_recipe(path, search=shipped).stages) == ["pretrain", "align", "instruct"]


def test_recipes_in_a_circle_are_refused(shipped: Path):
    child(shipped, "extends: two.yaml\n", "one.yaml")
    path = child(shipped, "extends: one.yaml\n", "two.yaml")
    assert complaint(path, shipped) == (
        "one.yaml:1:10: extends: recipes go in a circle: got two.yaml -> one.yaml -> two.yaml; remove one 'extends'"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "extends: bas\n",
            (
                "child.yaml:1:10: extends: there is no recipe 'bas': expected a YAML file or one of base, child;"
                " did you mean 'base'?"
            ),
        ),
        (
            "extends: [base]\n",
            "child.yaml:1:10: extends: wrong value: got a list of 1, expected the name or path of one",
        ),
        ("extends: base\nmodel: 3\n", "child.yaml:2:8: model: wrong value: got 3, expected a mapping"),
    ],
)
def test_a_wrong_child_is_named_with_its_place(shipped: Path, text: str, expected: str):
    assert complaint(child(shipped, text), shipped).startswith(expected)


def test_a_wrong_value_of_the_parent_keeps_its_place(shipped: Path):
    child(shipped, BASE.replace("steps: 10", "steps: ten"), "parent.yaml")
    path = child(shipped, "extends: parent.yaml\nname: child\n")
    assert complaint(path, shipped) == (
        "parent.yaml:15:12: stages.align.steps: wrong value: got 'ten', expected a whole number; correct it there"
    )


def test_the_last_of_several_settings_holds(shipped: Path):
    assert load_recipe("base", overrides=["seed=1", "seed=2"], search=shipped).seed == 2
