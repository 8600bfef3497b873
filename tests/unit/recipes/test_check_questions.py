"""Tasks without a question that can be scored are found before training."""

from pathlib import Path

import pytest

from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes.check_questions import check_questions
from doctorsun.schema import Answer
from small_model import question, write_store

RECIPE = """\
name: made
model: {preset: micro}
data: {sources: {asked: {reader: store, splits: {train: asked, test: asked}}}}
stages: {align: {trainable: {projector: full}, mixture: [{source: asked}], steps: 1, batch_samples: 1, lr: 1}}
evaluation: {tasks: {own: {source: asked}}}
"""


def check(folder: Path, *answers: Answer | None) -> None:
    samples = [question(f"q{number}", "?", "No.", answer=answer) for number, answer in enumerate(answers)]
    store = write_store(folder / "asked", samples)
    (folder / "r.yaml").write_text(RECIPE, encoding="utf-8")
    recipe, document = load_marked_recipe(folder / "r.yaml")
    check_questions(recipe, {"asked/train": store, "asked/test": store}, document)


def test_one_answer_is_enough(tmp_path: Path) -> None:
    check(tmp_path, None, Answer(kind="closed", gold=("no",)))


def test_a_task_without_answers_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        check(tmp_path, None, None)
    assert raised.value.text().replace(f"{tmp_path}/", "") == (
        "r.yaml:5:36: evaluation.tasks.own.source: the source 'asked' has no question that can be scored: got 2 "
        "samples of the split 'test', all without an answer, expected closed questions, choices, reports or boxes with "
        "what is right; take the task out: --set evaluation.tasks.own=null, or name a store of questions with answers"
    )
