"""Mixture entries that select nothing, found before training with their place."""

from pathlib import Path

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes.mixtures import check_mixtures
from small_model import image, png, question, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: asked}}}}
stages:
  STAGE:
    objective: OBJECTIVE
    trainable: {vision: full}
    mixture:
      - ENTRY
    steps: 1
    batch_samples: 1
    lr: 1
"""


def complaint(folder: Path, entry: str, *, objective: str = "replies", **fields: object) -> str:
    samples = [
        question("a", "Mass?", "Yes.", image(png(1)), task="presence:mass", language="en", **fields),
        question("b", "侧?", "左。", image(png(2)), task="side:mass", language="zh", **fields),
    ]
    store = write_store(folder / "asked", samples)
    path = folder / "r.yaml"
    words = RECIPE.replace("STAGE", "align").replace("OBJECTIVE", objective).replace("ENTRY", entry)
    path.write_text(words, encoding="utf-8")
    recipe, document = load_marked_recipe(path)
    try:
        check_mixtures(recipe, {"asked/train": store}, document)
    except RecipeError as error:
        return error.text().replace(f"{folder}/", "")
    return ""


@pytest.mark.parametrize(
    "entry",
    ["{source: asked}", "{source: asked, tasks: [side, zone]}", "{source: asked, tasks: [side], languages: [zh]}"],
)
def test_an_entry_that_selects_a_sample_passes(tmp_path: Path, entry: str) -> None:
    assert complaint(tmp_path, entry) == ""


@pytest.mark.parametrize("rest", ["tasks: [zone]", "languages: [mixed]", "tasks: [side], languages: [en]"])
def test_an_entry_that_selects_nothing_is_named_with_its_stage_and_place(tmp_path: Path, rest: str) -> None:
    assert complaint(tmp_path, f"{{source: asked, {rest}}}") == (
        "r.yaml:9:9: stages.align.mixture.0: selects nothing from the source 'asked': got 0 of 2 samples, expected"
        " tasks among presence, side and languages among en, zh; change its tasks or languages; 'doctorsun data stats'"
        " counts them"
    )


def test_labels_need_facts_in_a_store(tmp_path: Path) -> None:
    found = complaint(tmp_path, "{source: asked}", objective="labels")
    assert found.startswith(
        "r.yaml:9:18: stages.align.mixture.0.source: labels are learnt from the facts of images, and this source has"
        " none: got 'asked', expected a source with facts"
    )


def test_labels_take_a_store_with_facts(tmp_path: Path) -> None:
    assert complaint(tmp_path, "{source: asked}", objective="labels", facts="{}") == ""
