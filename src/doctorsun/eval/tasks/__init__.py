"""Tasks: the evaluation sets, each a page that says where its questions stand, how they are put and how judged."""

from doctorsun.config.task import Task
from doctorsun.eval.tasks.load import task_named, task_names

__all__ = ["Task", "task_named", "task_names"]
