"""Tasks known by name."""

import pytest

from doctorsun.errors import RecipeError
from doctorsun.eval.tasks import TASKS, VQA_RAD, task_named


def test_each_name_finds_its_task():
    assert [task_named(task.name) for task in TASKS] == list(TASKS)


def test_an_unknown_name_is_refused():
    with pytest.raises(RecipeError, match="task: got 'slake', expected one of phantom, vqa_rad, own"):
        task_named("slake")


def test_another_number_of_questions_is_told():
    assert VQA_RAD.row_warning(451) is None
    assert "vqa_rad: 450 questions, the published test set has 451" in VQA_RAD.row_warning(450)


def test_a_task_of_no_fixed_size_never_warns():
    assert task_named("phantom").row_warning(3) is None
