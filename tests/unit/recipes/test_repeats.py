"""Epochs that do not come out even are told, with how often each sample is taken."""

from pathlib import Path

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.recipes.check import load_checked, notes
from doctorsun.recipes.mixtures import plan_stage
from doctorsun.recipes.repeats import repeat_note, repeat_notes
from small_model import image, png, question, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: FOLDER/asked}}}}
stages:
  instruct:
    trainable: {language: full}
    mixture: [{source: asked}]
    LENGTH
    lr: 1
"""
SAMPLES = [question(f"q{n}", "Mass?", "Yes.", image(png(n)), task="presence") for n in range(4)]


def written(folder: Path, length: str) -> Path:
    path = folder / "r.yaml"
    path.write_text(RECIPE.replace("FOLDER", str(folder)).replace("LENGTH", length), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (
            "epochs: 1\n    batch_samples: 96",
            "1 epoch of 4 samples, in whole steps of 96 samples, take 96: each 24",
        ),
        ("epochs: 1.5\n    batch_samples: 4", "1.5 epochs of 4 samples, in whole steps of 4 samples, take 8: each 2 t"),
        ("epochs: 3\n    batch_samples: 4", None),
        ("steps: 7\n    batch_samples: 96", None),
    ],
)
def test_whole_steps_that_take_samples_again_are_told(tmp_path: Path, length: str, expected: str | None) -> None:
    store = write_store(tmp_path / "asked", SAMPLES)
    recipe, _ = load_marked_recipe(written(tmp_path, length))
    stores = {"asked/train": store}
    note = repeat_note("instruct", recipe.stages["instruct"], plan_stage(recipe, recipe.stages["instruct"], stores))
    assert list(repeat_notes(recipe, stores)) == ([note] if note else [])
    assert (note is None) == (expected is None)
    assert expected is None or (note or "").startswith(f"stage instruct: {expected}")


def test_a_surplus_of_one_in_a_hundred_is_not_worth_a_word(tmp_path: Path) -> None:
    many = [question(f"q{n}", "Mass?", "Yes.", image(png(n % 5)), task="presence") for n in range(101)]
    store = write_store(tmp_path / "asked", many)
    recipe, _ = load_marked_recipe(written(tmp_path, "epochs: 1\n    batch_samples: 2"))
    assert not list(repeat_notes(recipe, {"asked/train": store}))
    recipe, _ = load_marked_recipe(written(tmp_path, "epochs: 1\n    batch_samples: 53"))
    assert list(repeat_notes(recipe, {"asked/train": store}))


def test_check_tells_it_of_a_store_that_is_there(tmp_path: Path) -> None:
    path = written(tmp_path, "epochs: 1\n    batch_samples: 96")
    write_store(tmp_path / "asked", SAMPLES)
    [note] = notes(load_checked(path))
    assert note.endswith("each 24 times on average")


def test_a_store_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    recipe, _ = load_marked_recipe(written(tmp_path, "epochs: 1\n    batch_samples: 96"))
    assert not list(repeat_notes(recipe, {}))
