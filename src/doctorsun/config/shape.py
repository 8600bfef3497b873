"""The shape of a recipe as its sections declare it: which keys may stand at a place."""

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from doctorsun.config.document import Node
from doctorsun.config.recipe import Recipe

Location = tuple[str | int, ...]


def alternatives(annotation: Any) -> list[Any]:
    """Return the types that a value may have: unions opened, None and annotations left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin in {Union, types.UnionType}:
        return [found for part in get_args(annotation) for found in alternatives(part)]
    return [] if annotation is type(None) else [annotation]


def shape_at(root: Node, path: Location) -> list[Any]:
    """Return the types that may stand at a path; empty where nothing may."""
    found: list[Any] = [Recipe]
    node: Node | None = root
    for key in path:
        chosen = _chosen(found, node)
        found = [part for shape in chosen for part in _below(shape, key)]
        node = node.child(key) if node else None
    return found


def known_keys(root: Node, path: Location) -> tuple[str, ...]:
    """Return the keys that the mapping at a path may have: of a section its fields, of a table its key names."""
    node = root.nearest(*path)
    keys: dict[str, None] = {} if path else {"extends": None}
    for shape in _chosen(shape_at(root, path), node):
        if _is_section(shape):
            keys |= dict.fromkeys(shape.model_fields)
        elif get_origin(shape) is dict and get_origin(key := get_args(shape)[0]) is Literal:
            keys |= dict.fromkeys(get_args(key))
    return tuple(keys)


def strip_tags(root: Node, location: Location) -> Location:
    """Return a pydantic error's location as a path of the document: the names of union members left out."""
    path: list[str | int] = []
    is_tag = False
    for key in location:
        if is_tag:
            is_tag = False
        elif key == "[key]":
            break
        else:
            path.append(key)
            is_tag = len(shape_at(root, tuple(path))) > 1
    return tuple(path)


def is_table(root: Node, path: Location) -> bool:
    """Say whether the keys at a path are names that the recipe itself gives, or stages and parts that it lists."""
    return any(get_origin(shape) is dict for shape in shape_at(root, path))


def _is_section(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _below(shape: Any, key: str | int) -> list[Any]:
    if _is_section(shape):
        field = shape.model_fields.get(key)
        return alternatives(field.annotation) if field else []
    origin = get_origin(shape)
    if origin is dict:
        return alternatives(get_args(shape)[1])
    if origin in {tuple, list}:
        return alternatives(get_args(shape)[0])
    return []


def _chosen(found: list[Any], node: Node | None) -> list[Any]:
    reader = node.child("reader") if node else None
    if len(found) == 1 or reader is None:
        return found
    return [
        shape
        for shape in found
        if _is_section(shape) and reader.value in get_args(shape.model_fields["reader"].annotation)
    ] or found
