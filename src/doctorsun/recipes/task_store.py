"""The questions of a task: a store as it is, or one that is read from the files as users download them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doctorsun.config.task import Task
from doctorsun.data.pipeline import read_into
from doctorsun.data.task_images import images_sha256
from doctorsun.data.task_reader import TaskFiles, find_files, open_task
from doctorsun.errors import DataError
from doctorsun.recipes.stores import left_out
from doctorsun.recipes.task_facts import ASK, FileFacts, file_facts, store_file, task_facts, write_facts
from doctorsun.storage.store import Store, store_is_complete, store_steps
from doctorsun.storage.store_folder import MANIFEST, missing_store, stores_below
from doctorsun.storage.store_part import open_held_out

_SHOWN = 3
QUESTIONS = "questions"
"""The folder, beside the answers, of the store that was read from files."""


def open_asked(task: Task, path: Path, folder: Path, tell: Callable[[str], None]) -> Store:
    """Return the questions of a task, and write ``task.json`` beside its answers.

    Args:
        task: the page.
        path: a store, of which ``test`` is asked where it has several splits, and what lacks its images left out; or
            the folder or the file that users download.
        folder: gets ``questions``, the store that is read from files, and ``task.json``.
        tell: told what is left out, and what differs from the published set.

    Raises:
        DataError: the files are not there or damaged, or a store holds no split that may be asked.
    """
    if (path / MANIFEST).is_file() or not task.sources:
        store = open_held_out(path)
        files = store_file(store)
        for line in left_out({task.name: store}):
            tell(line)
    else:
        store, files = read_questions(task, path, folder / QUESTIONS, tell)
    facts = task_facts(task, store, files)
    for line in facts.warnings:
        tell(line)
    write_facts(folder, facts)
    return store


def read_questions(
    task: Task, path: Path, folder: Path, tell: Callable[[str], None]
) -> tuple[Store, tuple[FileFacts, ...]]:
    """Read a task's questions from the files as users download them; return their store, and the files.

    Args:
        task: the page.
        path: the folder or the file.
        folder: gets the store; one that was read from the same files is taken as it is.
        tell: told what is read.

    Raises:
        DataError: the files are not there or damaged.
    """
    found = _found(task, path)
    files = file_facts(found.all_files)
    return _read(task, found, files, folder, tell), files


def _found(task: Task, path: Path) -> TaskFiles:
    try:
        return find_files(task, path)
    except DataError:
        if path.is_dir() and stores_below(path):
            raise missing_store(path) from None
        raise


def _read(
    task: Task, found: TaskFiles, files: tuple[FileFacts, ...], folder: Path, tell: Callable[[str], None]
) -> Store:
    """Read files into a store, or return the one that was read from the same files and images by the same page.

    One that lacks images is read again: they may have come since.
    """
    step: dict[str, Any] = {
        "step": ASK,
        "split": found.source.part,
        "page": task.model_dump(mode="json"),
        "adapter_root": str(found.folder) if found.source.adapter else "",
        "files": [[file.name, file.sha256] for file in files],  # files in several folders may have one name
        "images_sha256": images_sha256(found.folder, without=folder.parent),
    }
    step = json.loads(json.dumps(step))
    if store_is_complete(folder) and store_steps(folder) == (step,) and not Store(folder).rows_without_images():
        return Store(folder)
    if store_is_complete(folder) or store_steps(folder) not in ((), (step,)):
        shutil.rmtree(folder)
    shown = [file.name for file in files[:_SHOWN]] + ["..."] * (len(files) > _SHOWN)
    tell(f"{task.name}: reading {', '.join(shown)}")
    return read_into(
        folder, open_task(task, found), name=task.name, step=step, compared=False, on_progress=lambda *_: None
    )
