"""Variants that are asked, and the file of consistency."""

import json
from pathlib import Path

import pytest

from doctorsun.errors import RecipeError
from doctorsun.eval.predictions import read_predictions, write_predictions
from doctorsun.eval.tasks import task_named
from doctorsun.recipes.consistency import ask_variants, variant_kinds, write_consistency
from doctorsun.recipes.evaluate import Exam, Examinee
from doctorsun.storage.store import Store


def test_kinds_are_named_in_a_list_and_others_are_refused() -> None:
    assert variant_kinds("rotation, paraphrase,") == ("paraphrase", "rotation")
    assert variant_kinds("") == ()
    with pytest.raises(
        RecipeError, match="variants: got translation, expected some of paraphrase, negation, rotation, with commas"
    ):
        variant_kinds("negation,translation")


def test_variants_are_asked_in_a_folder_of_their_own_and_compared(store: Store, weights: Path, tmp_path: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=4, batch=4)
    told: list[tuple[str, str, int, int]] = []
    samples = [sample for sample in store if sample.answer][:3]
    exam = Exam(task=task_named("own"), samples=samples, folder=tmp_path, on_progress=lambda *done: told.append(done))
    exam.take(examinee, "real")

    ask_variants(exam, examinee, ["negation"])
    path = write_consistency(tmp_path)

    again = read_predictions(tmp_path / "variants/predictions.parquet")
    assert {row.variant_kind for row in again} == {"negation"}
    assert told[-1] == ("own", "variants", 3, 3)
    assert path == tmp_path / "consistency.json"
    content = json.loads(path.read_text())
    assert {row["variant"] for row in content["pairs"]} == {"negation"}
    assert {row["by"]: row["n"] for row in content["pairs"] if row["language"] == "en"} == {
        "words": 2,
        "likelihoods": 2,
    }
    assert content["rotations"] == []


def test_a_consistency_of_variants_that_went_is_withdrawn(weights: Path, tmp_path: Path) -> None:
    examinee = Examinee(weights, name="small", max_tokens=2, batch=4)
    exam = Exam(task=task_named("own"), samples=[], folder=tmp_path, on_progress=lambda *_: None)
    write_predictions(tmp_path / "predictions.parquet", [])
    (tmp_path / "consistency.json").write_text("{}")

    ask_variants(exam, examinee, ["negation"])
    assert not (tmp_path / "variants").exists()
    assert write_consistency(tmp_path) is None
    assert not (tmp_path / "consistency.json").exists()
