"""Names of tasks and where their questions are."""

from pathlib import Path

import pytest
import typer

from doctorsun.cli.task_folders import task_folders
from doctorsun.eval.tasks.load import SHIPPED


def test_a_drawn_task_needs_no_folder_and_may_have_a_store() -> None:
    assert task_folders(["injection", "vqa_rad=data"]) == {
        "injection": SHIPPED / "injection.yaml",
        "vqa_rad": Path("data"),
    }
    assert task_folders(["injection=store"]) == {"injection": Path("store")}


def test_a_drawn_task_is_named_once() -> None:
    with pytest.raises(typer.BadParameter, match="task 'injection' has two folders"):
        task_folders(["injection", "injection=store"])
