"""Loading of task pages, the shipped ones by name; what they name is looked up before anything is asked."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node, describe
from doctorsun.config.load import SUFFIXES, load_section
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.config.task import Task
from doctorsun.data.formats import FORMATS
from doctorsun.errors import RecipeError
from doctorsun.eval.protocols import PROTOCOLS

SHIPPED = Path(str(resources.files("doctorsun.eval.tasks")))
QUESTION_MARK, OPTIONS_MARK = "{question}", "{options}"
_MARK = re.compile(r"\{[^{}]*\}")


@cache
def task_names() -> tuple[str, ...]:
    """Return the names of the tasks that come with the package."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def drawn_page(name: str) -> Path | None:
    """Return the page of a shipped task whose questions are drawn here, so that no folder is needed; None of others."""
    if name not in task_names() or not any(source.drawn for source in task_named(name).sources):
        return None
    return SHIPPED / f"{name}.yaml"


@cache
def task_named(path_or_name: str) -> Task:
    """Return a task by its name, or of a page of the user's own by its path.

    Raises:
        RecipeError: there is none, or the page is wrong; the text starts with ``file:line:column``.
    """
    if not path_or_name.endswith(SUFFIXES):
        known = task_names()
        if path_or_name not in known:
            do = did_you_mean(path_or_name, known, otherwise="choose one of these, or name a page.yaml of your own")
            raise RecipeError("task", got=f"'{path_or_name}'", expected=one_of(known), do=do)
        return _checked(SHIPPED / f"{path_or_name}.yaml")
    return _checked(Path(path_or_name))


def _checked(path: Path) -> Task:
    task, document = load_section(path, Task)
    complaints = [*_sources(task, document), *_protocols(task, document), *_instructions(document)]
    if complaints:
        raise join_complaints(complaints)
    return task


def _sources(task: Task, document: Node) -> Iterator[RecipeError]:
    from doctorsun.data.adapters.load import shipped_adapters  # most tasks need no library of scans

    formats = [each.name for each in FORMATS]
    for index, source in enumerate(task.sources):
        place = f"sources.{index}"
        named = [name for name in ("format", "adapter", "drawn") if getattr(source, name)]
        if len(named) != 1:
            got = " and ".join(named) or "neither"
            yield _complaint(document, place, "where the questions stand", got, "one of format, adapter and drawn")
        elif source.format and source.format not in formats:
            yield _unknown(document, f"{place}.format", source.format, formats)
        elif source.adapter and not source.adapter.endswith(SUFFIXES) and source.adapter not in shipped_adapters():
            yield _unknown(document, f"{place}.adapter", source.adapter, shipped_adapters())
        elif source.columns is not None and source.format != "questions":
            got = f"the format {source.format or source.adapter}"
            yield _complaint(document, f"{place}.columns", "only of questions", got, "the format questions")


def _protocols(task: Task, document: Node) -> Iterator[RecipeError]:
    known = list(dict.fromkeys(protocol.name for protocol in PROTOCOLS))
    for index, name in enumerate(task.protocols):
        if name not in known:
            yield _unknown(document, f"protocols.{index}", name, known)


def _instructions(document: Node) -> Iterator[RecipeError]:
    """Complain of marks of a template that nothing is put in for."""
    for language, kinds in _children(document.child("instructions")):
        for kind, node in _children(kinds):
            wrong = [mark for mark in _MARK.findall(str(node.value)) if mark not in (QUESTION_MARK, OPTIONS_MARK)]
            if wrong or (OPTIONS_MARK in str(node.value) and QUESTION_MARK not in str(node.value)):
                place = f"instructions.{language}.{kind}"
                expected = f"a template with {QUESTION_MARK} and perhaps {OPTIONS_MARK}, or words without braces"
                yield _complaint(document, place, "not a template", wrong[0] if wrong else OPTIONS_MARK, expected)


def _children(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


def _unknown(document: Node, place: str, name: str, known: list[str]) -> RecipeError:
    error = _complaint(document, place, "not a known value", describe(name), one_of(known))
    return RecipeError(error.what, got=error.got, expected=error.expected, do=did_you_mean(name, known))


def _complaint(document: Node, place: str, problem: str, got: str, expected: str) -> RecipeError:
    mark = document.nearest(*place.split(".")).mark
    return RecipeError(f"{mark}: {place}: {problem}", got=got, expected=expected, do="correct it there")
