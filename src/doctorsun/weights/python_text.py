"""Plain values in the text of a Python file: it is parsed and never run."""

import ast
import warnings
from collections.abc import Mapping
from typing import Any

MAX_CHARACTERS = 1_000_000


class Unread:
    """Stands for what only running the file would tell."""


UNREAD = Unread()


def read_values(text: str) -> dict[str, Any]:
    """Return the values that a file gives to names at its top level.

    Numbers, texts, lists, tuples, dictionaries and calls of ``dict`` are read, and names that were given a value above;
    other dotted names become their text (``PROMPT_TEMPLATE.llama3_chat``), and everything else `UNREAD`.

    Raises:
        ValueError: the text is no Python, or far too long.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"{len(text)} characters")
    try:
        with warnings.catch_warnings(action="ignore"):  # of the compiler, about what others wrote
            tree = ast.parse(text)
        values: dict[str, Any] = {}
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target = statement.targets[0]
                if isinstance(target, ast.Name):
                    values[target.id] = _value(statement.value, values)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or type(error).__name__) from error
    return values


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            found = value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            found = -number
        case ast.Name(id=name):
            found = known.get(name, name)
        case ast.Attribute(value=owner, attr=name):
            dotted = _value(owner, known)
            found = f"{dotted}.{name}" if isinstance(dotted, str) else UNREAD
        case _:
            found = _container(node, known)
    return found


def _container(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, known) for item in items]
        case ast.Dict(keys=keys, values=items):
            named = zip(keys, items, strict=True)
            return {str(key.value): _value(item, known) for key, item in named if isinstance(key, ast.Constant)}
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            return {keyword.arg: _value(keyword.value, known) for keyword in keywords if keyword.arg is not None}
        case _:
            return UNREAD
