"""Loading of recipes and other checked files: YAML with marks, and complaints that name file, line and column."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from doctorsun.config.complaint import complain
from doctorsun.config.document import Node, describe, parse_document, read_document
from doctorsun.config.override import apply_override, without
from doctorsun.config.recipe import STAGE_ORDER, Recipe
from doctorsun.config.section import Section
from doctorsun.config.shape import Page
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError

Model = TypeVar("Model", bound=Section)
SUFFIXES = (".yaml", ".yml", ".json")


def load_recipe(path_or_name: str | Path, *, overrides: Sequence[str] = (), search: Path | None = None) -> Recipe:
    """Load a recipe.

    Args:
        path_or_name: a file, or the name of a recipe in ``search``.
        overrides: settings such as ``stages.align.lr=3e-4``, put in after ``extends``.
        search: folder of the recipes that are known by name.

    Raises:
        RecipeError: the recipe cannot be read or is wrong; the text starts with ``file:line:column: key.path`` and has
            a line for each complaint.
    """
    return load_marked_recipe(path_or_name, overrides=overrides, search=search)[0]


def load_marked_recipe(
    path_or_name: str | Path, *, overrides: Sequence[str] = (), search: Path | None = None
) -> tuple[Recipe, Node]:
    """Load a recipe like ``load_recipe``, with the document whose marks say where each value stands."""
    root = _resolve(find_recipe(path_or_name, search), search, ())
    for setting in overrides:
        root = _in_stage_order(apply_override(root, setting))
    return _checked(root, Recipe), root


def load_section(path: Path, model: type[Model]) -> tuple[Model, Node]:
    """Load a file of one section, such as an adapter, with the document whose marks say where each value stands.

    Raises:
        RecipeError: as of ``load_recipe``.
    """
    root = read_document(path)
    return _checked(root, model), root


def section_of(given: Mapping[str, Any], settings: Sequence[str], model: type[Model]) -> Model:
    """Make a section of values and of settings from the command line, such as ``licence=CC0-1.0``.

    Raises:
        RecipeError: as of ``load_recipe``; in the place of a file and a line stands ``--set``. So is a setting of one
            of the given values.
    """
    root = parse_document(json.dumps(given), "", mark="command line")
    assert root is not None  # noqa: S101 (JSON of a mapping)
    for setting in settings:
        changed = apply_override(root, setting)  # complains of a setting that is none
        _check_settable(setting, given, model)
        root = changed
    return _checked(root, model)


def _check_settable(setting: str, given: Mapping[str, Any], model: type[Section]) -> None:
    settable = [name for name in model.model_fields if name not in given]
    name = setting.partition("=")[0].partition(".")[0].strip()
    if name not in settable:
        raise RecipeError(
            f"--set {setting}: {name}: unknown key",
            got=f"'{name}'",
            expected=one_of(settable),
            do="the command takes it without --set" if name in given else did_you_mean(name, settable),
        )


def _checked(root: Node, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(json.dumps(root.plain()), strict=True)
    except ValidationError as error:
        raise complain(error, Page(root, model)) from error


def find_recipe(path_or_name: str | Path, search: Path | None = None) -> Path:
    """Return the file of a recipe; a plain name is one of those in ``search``.

    Raises:
        RecipeError: there is no such recipe.
    """
    text = str(path_or_name)
    is_name = isinstance(path_or_name, str) and not text.endswith(SUFFIXES) and "/" not in text and "\\" not in text
    path = search / f"{text}.yaml" if is_name and search else Path(path_or_name)
    if path.is_file():
        return path
    shipped = sorted(each.stem for each in search.glob("*.yaml")) if search else []
    where = f"{path}: " if not is_name else ""
    raise RecipeError(
        f"{where}there is no recipe '{text}'",
        got="a folder" if path.is_dir() else "",
        expected=f"a YAML file or one of {', '.join(shipped)}" if shipped else "a YAML file",
        do=did_you_mean(Path(text).stem, shipped, otherwise="check the path"),
    )


def merge(parent: Node, child: Node) -> Node:
    """Lay a document over the one it extends: mappings key by key, all else replaced, ``null`` takes a key away."""
    if not isinstance(parent.value, dict) or not isinstance(child.value, dict):
        return child
    merged = parent
    children = dict(parent.value)
    for key, node in child.value.items():
        if key not in children:
            children[key] = node
        elif node.value is None:
            del children[key]
        else:
            children[key] = merge(children[key], node)
    return replace(merged, value=children, mark=child.mark, key_mark=child.key_mark)


def _resolve(path: Path, search: Path | None, chain: tuple[Path, ...]) -> Node:
    """Read a document and all that it extends; ``chain`` holds the files that led here."""
    root = read_document(path)
    extends = root.child("extends")
    if extends is None:
        return root
    if not isinstance(extends.value, str):
        raise RecipeError(
            f"{extends.mark}: extends: wrong value",
            got=describe(extends.plain()),
            expected="the name or path of one recipe",
            do="correct it there",
        )
    chain = (*chain, path.resolve())
    parent_path = _parent_path(extends, extends.value, path, search)
    if parent_path.resolve() in chain:
        circle = " -> ".join(each.name for each in (*chain, parent_path))
        raise RecipeError(f"{extends.mark}: extends: recipes go in a circle", got=circle, do="remove one 'extends'")
    return _in_stage_order(merge(_resolve(parent_path, search, chain), without(root, "extends")))


def _parent_path(extends: Node, text: str, path: Path, search: Path | None) -> Path:
    reference = path.parent / text if text.endswith(SUFFIXES) or "/" in text else text
    try:
        return find_recipe(reference, search)
    except RecipeError as error:
        raise RecipeError(f"{extends.mark}: extends: {error.what}", expected=error.expected, do=error.do) from error


def _in_stage_order(root: Node) -> Node:
    """Put stages that came from several places into the order of training, which their names give."""
    stages = root.child("stages")
    if stages is None or not isinstance(stages.value, dict) or not isinstance(root.value, dict):
        return root
    order = [name for name in STAGE_ORDER if name in stages.value]
    rest = [name for name in stages.value if name not in order]
    children = {name: stages.value[name] for name in (*order, *rest)}
    return replace(root, value=root.value | {"stages": replace(stages, value=children)})
