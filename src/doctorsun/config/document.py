"""YAML documents in which every key and value remembers its file, line and column."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from doctorsun.errors import RecipeError

MAX_SIZE_BYTES = 1_048_576
MAX_NODES = 10_000
MAX_DEPTH = 32
MAX_SHOWN_CHARACTERS = 80

Scalar = str | int | float | bool | None
NodeValue = dict[str, "Node"] | list["Node"] | Scalar

# YAML 1.2 core schema: PyYAML's own YAML 1.1 reads 1e-3 as text, 1:30 as 90, 010 as 8 and no as false.
_CONSTANTS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.title(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9](_?[0-9]){0,17}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value with its place.

    Attributes:
        value: a scalar, or the nodes of a mapping or list.
        mark: where the value stands: ``file:line:column``, or the ``--set`` that gave it.
        key_mark: where its key stands; the same as ``mark`` for list items and the root.
    """

    value: NodeValue
    mark: str
    key_mark: str

    def plain(self) -> Any:
        """Return the value without marks: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, key: str | int) -> "Node | None":
        """Return the node under a key or index; None where there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, list) and str(key).isdecimal() and int(key) < len(self.value):
            return self.value[int(key)]
        return None

    def nearest(self, *path: str | int) -> "Node":
        """Return the node at a path, or the last one on the way to it that exists."""
        node = self
        for key in path:
            child = node.child(key)
            if child is None:
                break
            node = child
        return node


def read_document(path: Path, *, name: str = "") -> Node:
    """Read a YAML file of one mapping.

    Args:
        path: the file.
        name: how marks call the file; its path when not given.

    Raises:
        RecipeError: the file cannot be read, is not UTF-8 YAML of one mapping, has a key twice or is out of size.
    """
    name = name or str(path)
    root = parse_document(_read_text(path, name), name)
    if root is None:
        raise RecipeError(f"{name}:1:1: the file is empty", expected="a mapping such as 'name: my-run'", do="write one")
    if not isinstance(root.value, dict):
        raise RecipeError(
            f"{root.mark}: the file is not a mapping",
            got=describe(root.plain()),
            expected="'key: value' lines",
            do="compare it with a shipped file",
        )
    return root


def parse_document(text: str, name: str, *, mark: str = "") -> Node | None:
    """Parse YAML text; None when it holds nothing.

    Args:
        text: the YAML.
        name: how marks call the file.
        mark: one mark for all nodes, where lines and columns mean nothing.

    Raises:
        RecipeError: the text is not YAML, or uses a part of it that is not allowed here.
    """
    try:
        composed = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        place = mark or _place(name, text, int(error.position))
        raise RecipeError(
            f"{place}: a control character stands in the text",
            got=f"U+{int(error.character):04X}",
            expected="printable text",
            do="remove it",
        ) from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name, mark) from error
    except RecursionError as error:
        raise _too_large(mark or f"{name}:1:1", f"brackets nested over {MAX_DEPTH} deep") from error
    return None if composed is None else _Converter(name, mark).convert(composed)


def describe(value: Any) -> str:
    """Say what a plain value is, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}..."


class _Converter:
    """Turns composed YAML into marked nodes, under limits that stop alias bombs."""

    def __init__(self, name: str, mark: str) -> None:
        self.name = name
        self.mark = mark
        self.num_nodes = 0

    def place(self, node: yaml.Node) -> str:
        """Return the mark of a composed node."""
        return self.mark or f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def convert(self, node: yaml.Node, *, key_mark: str = "", depth: int = 0) -> Node:
        """Convert a composed node and all below it."""
        self.num_nodes += 1
        place = self.place(node)
        if self.num_nodes > MAX_NODES:
            raise _too_large(place, f"over {MAX_NODES:,} values, aliases counted")
        if depth > MAX_DEPTH:
            raise _too_large(place, f"values nested over {MAX_DEPTH} deep")
        if isinstance(node, yaml.MappingNode):
            value: NodeValue = self.mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.convert(item, depth=depth + 1) for item in node.value]
        else:
            value = _scalar(node, place)
        return Node(value=value, mark=place, key_mark=key_mark or place)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        """Convert the pairs of a mapping; each key once."""
        pairs: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise RecipeError(
                    f"{place}: a key is not plain text", expected="'key: value'", do="write the key as text"
                )
            key = str(key_node.value)
            if key == "<<":
                raise RecipeError(
                    f"{place}: '<<' does not merge here", expected="'extends' or plain keys", do="write the keys out"
                )
            if key in pairs:
                raise RecipeError(
                    f"{place}: {key}: the key stands twice",
                    got=f"it first at {pairs[key].key_mark}",
                    expected="each key once",
                    do="remove one of the two",
                )
            pairs[key] = self.convert(value_node, key_mark=place, depth=depth + 1)
        return pairs


def _scalar(node: yaml.Node, place: str) -> Scalar:
    text = str(node.value)
    if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.endswith(":binary") or "python/" in node.tag:
        raise RecipeError(
            f"{place}: a tagged value",
            got=node.tag,
            expected="text, a number, true, false or null",
            do="remove the tag",
        )
    if isinstance(node, yaml.ScalarNode) and node.style is not None:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def _read_text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RecipeError(f"{name}: the file cannot be read", got=reason, do="check the path and its rights") from error
    if len(data) > MAX_SIZE_BYTES:
        raise _too_large(f"{name}:1:1", f"{len(data):,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = data.count(b"\n", 0, error.start) + 1, error.start - data.rfind(b"\n", 0, error.start)
        found = _guess_encoding(data)
        raise RecipeError(
            f"{name}:{line}:{column}: the file is not UTF-8 text",
            got=found,
            expected="UTF-8",
            do=f"save it as UTF-8 (iconv -f {found.split()[-1]} -t UTF-8)" if " " in found else "save it as UTF-8",
        ) from error


def _guess_encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "what reads as UTF-16"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "bytes"
    return "what reads as GB18030"


def _place(name: str, text: str, position: int) -> str:
    return f"{name}:{text.count(chr(10), 0, position) + 1}:{position - text.rfind(chr(10), 0, position)}"


def _syntax_error(error: yaml.MarkedYAMLError, name: str, mark: str) -> RecipeError:
    at = error.problem_mark or error.context_mark
    place = mark or (f"{name}:{at.line + 1}:{at.column + 1}" if at else f"{name}:1:1")
    problem = " ".join(str(part) for part in (error.context, error.problem) if part)
    is_tab = "'\\t'" in problem
    return RecipeError(
        f"{place}: this is not YAML",
        got="a tab" if is_tab else problem,
        expected="spaces before a key" if is_tab else "",
        do="indent with spaces"
        if is_tab
        else "correct it there or on the line above; text with ':' or '#' needs quotes",
    )


def _too_large(place: str, got: str) -> RecipeError:
    limit = f"at most {MAX_NODES:,} values, {MAX_DEPTH} deep, in {MAX_SIZE_BYTES:,} bytes"
    return RecipeError(f"{place}: too large", got=got, expected=limit, do="make it smaller")
