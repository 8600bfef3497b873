from collections import Counter
from pathlib import Path

import pytest

from doctorsun.config import Recipe
from doctorsun.eval.predictions import read_predictions
from doctorsun.recipes.run_evaluation import evaluate_run
from doctorsun.recipes.steps import Steps
from doctorsun.schema import Answer, Groups
from doctorsun.storage.store import Store
from doctorsun.train.telemetry import Telemetry
from small_model import image, png, question, write_store


def recipe_of(weights: Path, store: Store, controls: list[str]) -> Recipe:
    """Return a recipe that only asks a store's questions."""
    return Recipe.model_validate(
        {
            "name": "made",
            "model": {"init": str(weights)},
            "data": {"sources": {"asked": {"reader": "store", "splits": {"test": str(store.folder)}}}},
            "stages": {},
            "evaluation": {"tasks": {"phantom": {"source": "asked"}}, "controls": controls, "max_tokens": 2},
        }
    )


@pytest.mark.parametrize("controls", [["prior"], []])
def test_a_prior_that_cannot_be_learnt_is_told(
    store: Store, weights: Path, tmp_path: Path, controls: list[str]
) -> None:
    recipe = recipe_of(weights, store, controls)
    told: list[dict[str, object]] = []
    telemetry = Telemetry(tmp_path / "metrics.jsonl", told.append)
    steps = Steps(tmp_path, {}, [].append)
    evaluate_run(
        recipe, steps, {"asked/test": store}, weights=weights, telemetry=telemetry, on_progress=lambda *_: None
    )
    expected = "task phantom: no control 'prior', because the source 'asked' has no split 'train' to learn it from"
    assert [each["text"] for each in told if each["event"] == "warning"] == [expected] * len(controls)


def test_a_control_that_no_other_patient_lends_an_image_to_is_told(weights: Path, tmp_path: Path) -> None:
    answer = Answer(kind="closed", gold=("yes",))
    groups, modality = Groups(patient="one"), "xray"
    asked = [
        question(str(n), f"Is it? {n}", "Yes.", image(png(n)), answer=answer, groups=groups, modality=modality)
        for n in range(2)
    ]
    told: list[dict[str, object]] = []
    recipe = recipe_of(weights, write_store(tmp_path / "asked", asked), controls=["shuffled"])
    evaluate_run(
        recipe, Steps(tmp_path, {}, [].append), {"asked/test": Store(tmp_path / "asked")}, weights=weights,
        telemetry=Telemetry(tmp_path / "metrics.jsonl", told.append), on_progress=lambda *_: None,
    )  # fmt: skip
    (warning,) = [str(each["text"]) for each in told if each["event"] == "warning"]
    assert warning.startswith("phantom: 2 of 2 questions have no answer under shuffled and are left out of its scores")
    assert "other patient" in warning


class Evaluated:
    """A run's folder that is evaluated again and again."""

    def __init__(self, run: Path, store: Store, weights: Path) -> None:
        self.run, self.store, self.weights = run, store, weights
        self.steps = Steps(run, {}, [].append)

    def again(self, *, dialogues: object = None, name: str = "made", **evaluation: object) -> list[str]:
        """Evaluate with these settings; return what was said."""
        told: list[str] = []
        self.steps = Steps(self.run, self.steps.record, told.append)
        recipe = Recipe.model_validate(
            {
                "name": name,
                "model": {"init": str(self.weights)},
                "data": {"sources": {"asked": {"reader": "store", "splits": {"test": str(self.store.folder)}}}},
                "stages": {},
                "evaluation": {"max_tokens": 2, "tasks": {"phantom": {"source": "asked"}}} | evaluation,
                "dialogues": dialogues,
            }
        )
        evaluate_run(
            recipe,
            self.steps,
            {"asked/test": self.store, "asked/train": self.store},
            weights=self.weights,
            telemetry=Telemetry(self.run / "metrics.jsonl"),
            on_progress=lambda *_: None,
        )
        return told

    @property
    def answers(self) -> Counter[str]:
        """How many predictions there are under each image control."""
        return Counter(each.image_control for each in read_predictions(self.run / "eval/phantom/predictions.parquet"))

    @property
    def num_parts(self) -> int:
        """How often answers were written."""
        return len(list(self.run.glob("eval/phantom/parts/*")))


@pytest.fixture
def evaluated(store: Store, weights: Path, tmp_path: Path) -> Evaluated:
    return Evaluated(tmp_path, store, weights)


def test_an_evaluation_with_controls_and_dialogues_is_done_once(evaluated: Evaluated) -> None:
    for _ in range(2):
        settings = {"controls": ["blank", "prior"], "dialogues": {"source": "asked", "count": 1}}
        assert evaluated.again(**settings) == []
    assert (evaluated.run / "metrics.jsonl").read_text().count('"event": "eval"') == 1
    assert evaluated.answers == {"real": 10, "blank": 10}
    assert evaluated.steps.names == {"eval/phantom", "dialogues"}
    assert (evaluated.run / "dialogues/image-1.png").exists()


def test_results_hold_what_the_settings_ask_for_and_answers_are_kept(evaluated: Evaluated) -> None:
    evaluated.again(controls=["blank"])
    assert evaluated.again(controls=[]) == ["eval/phantom is done again: other controls"]
    assert evaluated.answers == {"real": 10}
    num_parts = evaluated.num_parts
    assert evaluated.again(controls=["blank"]) == ["eval/phantom is done again: other controls"]
    assert evaluated.answers == {"real": 10, "blank": 10}
    assert evaluated.num_parts == num_parts


def test_batch_changes_no_answer_and_asks_nothing_again(evaluated: Evaluated) -> None:
    evaluated.again(batch=3)
    assert evaluated.again(batch=4) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_tokens": 3}, "eval/phantom is done again: other max_tokens"),
        ({"name": "other"}, "eval/phantom is done again: other name"),
        (
            {"tasks": {"phantom": {"source": "asked", "max_questions_per_type": 1}}},
            "eval/phantom is done again: other max_questions_per_type",
        ),
    ],
)
def test_other_settings_are_answered_anew(evaluated: Evaluated, settings: dict[str, object], said: str) -> None:
    evaluated.again(controls=[])
    before = (evaluated.run / "eval/phantom/predictions.parquet").read_bytes()
    assert evaluated.again(controls=[], **settings) == [said]
    assert (evaluated.run / "eval/phantom/predictions.parquet").read_bytes() != before


def test_damaged_predictions_are_written_again_from_the_answers(evaluated: Evaluated) -> None:
    evaluated.again(controls=[])
    path = evaluated.run / "eval/phantom/predictions.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:99])
    place = "eval/phantom/predictions.parquet"
    assert evaluated.again(controls=[]) == [f"eval/phantom is done again: {place}: 99 bytes in place of {len(whole):,}"]
    assert path.read_bytes() == whole


def test_what_a_recipe_no_longer_has_is_withdrawn(evaluated: Evaluated) -> None:
    evaluated.again(controls=[], dialogues={"source": "asked", "count": 1})
    assert evaluated.again(tasks={}) == [
        "eval/phantom is withdrawn: the recipe no longer has it",
        "dialogues is withdrawn: the recipe no longer has it",
    ]
    assert not evaluated.steps.names
    assert not (evaluated.run / "eval/phantom/scores.json").exists()
    assert not (evaluated.run / "dialogues.json").exists()
    assert not (evaluated.run / "dialogues").exists()
    assert evaluated.num_parts == 1
