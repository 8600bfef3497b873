"""Settings from the command line: ``--set stages.align.lr=3e-4``."""

from dataclasses import replace

from doctorsun.config.document import Node, describe, parse_document
from doctorsun.config.recipe import Recipe
from doctorsun.config.shape import Page
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError

SHORT_NAMES = {"init": "model.init"}
"""Settings that the command line also knows by a shorter name."""


def apply_override(root: Node, setting: str) -> Node:
    """Return the document with one ``KEY.PATH=VALUE`` put in.

    The value is YAML. ``null`` takes a key away, so that its default holds again. A number in the path is the index of
    a list item. ``init`` stands for ``model.init``.

    Raises:
        RecipeError: the setting has no ``=``, an empty path or value, or its path leads nowhere.
    """
    path, equals, text = setting.partition("=")
    mark = f"--set {setting}"
    if not equals or not path.strip():
        raise RecipeError(mark, expected="KEY.PATH=VALUE", do="write it like --set stages.align.lr=3e-4")
    value = parse_document(text, mark, mark=mark)
    if value is None:
        raise RecipeError(mark, got="no value", expected="KEY.PATH=VALUE", do="null takes the key away")
    keys = SHORT_NAMES.get(path.strip(), path.strip()).split(".")
    if not all(keys):
        raise RecipeError(mark, got="an empty key in the path", expected="KEY.PATH=VALUE", do="check the dots")
    if keys[0] == "extends":
        raise RecipeError(mark, got="'extends'", expected="a setting", do="give the other recipe's name instead")
    return _put(root, root, tuple(keys), 0, value)


def without(node: Node, key: str) -> Node:
    """Return a mapping node without one key."""
    children = node.value if isinstance(node.value, dict) else {}
    return replace(node, value={name: child for name, child in children.items() if name != key})


def _put(root: Node, node: Node, keys: tuple[str, ...], depth: int, value: Node) -> Node:
    """Return ``node``, which stands at ``keys[:depth]``, with the value put in below it."""
    key, path, is_last = keys[depth], keys[:depth], depth == len(keys) - 1
    if isinstance(node.value, list):
        return _put_item(root, node, keys, depth, value)
    if not isinstance(node.value, dict):
        raise RecipeError(
            f"{value.mark}: {'.'.join(path)} has no keys",
            got=describe(node.value),
            expected="a mapping",
            do=f"set the whole of it: --set '{'.'.join(path)}={{{'.'.join(keys[depth:])}: ...}}'",
        )
    child = node.value.get(key)
    if is_last:
        if value.value is None and child is not None:
            return without(node, key)
        return replace(node, value=node.value | {key: value})
    if child is None:
        if Page(root, Recipe).is_table(path):
            raise RecipeError(
                f"{value.mark}: {'.'.join((*path, key))} is not in the recipe",
                got=f"'{key}'",
                expected=one_of(node.value),
                do=did_you_mean(key, node.value, otherwise="set the whole of it, or choose one of these"),
            )
        child = Node(value={}, mark=value.mark, key_mark=value.mark)
    return replace(node, value=node.value | {key: _put(root, child, keys, depth + 1, value)})


def _put_item(root: Node, node: Node, keys: tuple[str, ...], depth: int, value: Node) -> Node:
    child = node.child(keys[depth])
    items = node.value if isinstance(node.value, list) else []
    if child is None:
        raise RecipeError(
            f"{value.mark}: {'.'.join(keys[:depth])} is a list without item {keys[depth]}",
            got=f"'{keys[depth]}'",
            expected=f"an index from 0 to {len(items) - 1}" if items else "nothing, the list is empty",
            do="or set the whole list",
        )
    new = value if depth == len(keys) - 1 else _put(root, child, keys, depth + 1, value)
    index = int(keys[depth])
    return replace(node, value=[*items[:index], new, *items[index + 1 :]])
