"""The shape of a file as its sections declare it: which keys may stand at a place."""

import types
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Page:
    """A file that is checked against a section.

    Attributes:
        root: what stands in the file.
        model: what should.
    """

    root: Node
    model: type[BaseModel]

    def shapes(self, path: Location) -> list[Any]:
        """Return the types that may stand at a path; empty where nothing may."""
        found: list[Any] = [self.model]
        node: Node | None = self.root
        for key in path:
            found = [part for shape in _chosen(found, node) for part in _below(shape, key)]
            node = node.child(key) if node else None
        return found

    def known_keys(self, path: Location) -> tuple[str, ...]:
        """Return the keys that the mapping at a path may have: of a section its fields, of a table its key names."""
        keys: dict[str, None] = {"extends": None} if not path and self.model is Recipe else {}
        for shape in _chosen(self.shapes(path), self.root.nearest(*path)):
            if _is_section(shape):
                keys |= dict.fromkeys(shape.model_fields)
            elif get_origin(shape) is dict and get_origin(key := get_args(shape)[0]) is Literal:
                keys |= dict.fromkeys(get_args(key))
        return tuple(keys)

    def path_of(self, location: Location) -> Location | None:
        """Return a pydantic error's location as a path of the file: the names of union members left out.

        Returns:
            The path; None where the error is that of a member of a union which the file does not mean.
        """
        path: list[str | int] = []
        is_tag = False
        for key in location:
            if is_tag:
                is_tag = False
                shapes, node = self.shapes(tuple(path)), self.root.nearest(*path)
                others = {shape.__name__ for shape in shapes if _is_section(shape)}
                if key in others - {shape.__name__ for shape in _chosen(shapes, node) if _is_section(shape)}:
                    return None
            elif key == "[key]":
                break
            else:
                path.append(key)
                is_tag = len(self.shapes(tuple(path))) > 1
        return tuple(path)

    def is_table(self, path: Location) -> bool:
        """Say whether the keys at a path are names that the file itself gives, or stages and parts that it lists."""
        return any(get_origin(shape) is dict for shape in self.shapes(path))


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
    """Return the members of a union that a mapping means: by ``reader`` or ``kind``, else those that know most keys."""
    sections = [shape for shape in found if _is_section(shape)]
    if len(found) == 1 or node is None or not isinstance(node.value, dict) or not sections:
        return found
    for name in ("reader", "kind"):
        value = node.child(name)
        if value is not None and all(name in shape.model_fields for shape in sections):
            named = [s for s in sections if value.value in get_args(s.model_fields[name].annotation)]
            return named or found
    keys = set(node.value)
    most = max(len(keys & set(shape.model_fields)) for shape in sections)
    return [shape for shape in sections if len(keys & set(shape.model_fields)) == most]
