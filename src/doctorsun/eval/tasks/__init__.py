"""Tasks: the evaluation sets that are known by name."""

from doctorsun.errors import RecipeError
from doctorsun.eval.tasks.own import OWN
from doctorsun.eval.tasks.phantom import PHANTOM
from doctorsun.eval.tasks.task import Task
from doctorsun.eval.tasks.vqa_rad import VQA_RAD

TASKS = (PHANTOM, VQA_RAD, OWN)

__all__ = ["OWN", "PHANTOM", "TASKS", "VQA_RAD", "Task", "task_named"]


def task_named(name: str) -> Task:
    """Return the task of this name.

    Raises:
        RecipeError: there is none.
    """
    for task in TASKS:
        if task.name == name:
            return task
    raise RecipeError("task", got=repr(name), expected="one of " + ", ".join(task.name for task in TASKS))
