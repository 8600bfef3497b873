"""Files of one item: templates of paths that its fields fill, such as ``images*/{Image Index}``.

As in a `PathPattern`, ``*`` stands for any characters but a slash and ``**`` for any number of folders; hidden files
are left out.
"""

import glob
import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import filled

_TOKEN = re.compile(r"\*\*/|\*|\{([^{}]+)\}")
_ANYTHING = {"**/": "(?:[^/]+/)*", "*": "[^/]*"}


def file_of(template: str, fields: Mapping[str, str], root: Path, original_id: str) -> Path | Dropped:
    """Return the one file of an item that a template names.

    Args:
        template: a relative path; its named parts are fields.
        fields: what is known of the item.
        root: the folder of the data set.
        original_id: of the item, for the reason to drop it.

    Returns:
        The file; dropped as ``no_file`` where there is none, and as ``several_files`` where stars leave a choice.

    Raises:
        DataError: the template names an unknown field.
    """
    name = filled(template, fields)
    found = [path for path, _ in files_of(template, fields, root)]
    if len(found) > 1:
        names = ", ".join(path.relative_to(root).as_posix() for path in found)
        return Dropped(original_id, "several_files", f"{name}: {names}")
    return found[0] if found else Dropped(original_id, "no_file", name)


def files_of(template: str, fields: Mapping[str, str], root: Path) -> list[tuple[Path, dict[str, str]]]:
    """Return all files of an item that a template names, in the order of their paths, with what the names tell.

    Args:
        template: a relative path; a named part that is no field stands for any characters, which are captured.
        fields: what is known of the item.
        root: the folder of the data set.
    """
    magic = _translated(template, fields, glob.escape, lambda _: "*", {"**/": "**/", "*": "*"})
    if not glob.has_magic(magic):
        return [(path, {})] if (path := root / magic).is_file() else []
    expression = re.compile(_translated(template, fields, re.escape, lambda name: f"(?P<{name}>[^/]+?)", _ANYTHING))
    candidates = (path for path in _candidates(magic, root) if not _is_hidden(path, root))
    matches = ((path, expression.fullmatch(path.relative_to(root).as_posix())) for path in candidates)
    return [(path, match.groupdict()) for path, match in matches if match and path.is_file()]


def _translated(
    template: str,
    fields: Mapping[str, str],
    escape: Callable[[str], str],
    captured: Callable[[str], str],
    anything: Mapping[str, str],
) -> str:
    """Return a template in another language of patterns."""
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(template):
        name: str | None = token.group(1)
        parts.append(escape(template[end : token.start()]))
        if name is None:
            parts.append(anything[token.group()])
        else:
            parts.append(escape(fields[name]) if name in fields else captured(name))
        end = token.end()
    return "".join(parts) + escape(template[end:])


def _candidates(magic: str, root: Path) -> Iterable[Path]:
    folder, any_depth, name = magic.partition("**/")
    if not any_depth or glob.has_magic(folder) or "/" in name:
        return sorted(root.glob(magic))
    return sorted(_begin_with(_start(name), _below(root / folder)))


@lru_cache(maxsize=4)
def _below(folder: Path) -> list[tuple[str, Path]]:
    """Return all files below a folder by name; kept, because every item of a data set asks for it."""
    return sorted((name, Path(parent, name)) for parent, _, names in os.walk(folder) for name in names)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _begin_with(start: str, files: list[tuple[str, Path]]) -> Iterator[Path]:
    for name, path in files[bisect_left(files, (start,)) :]:
        if not name.startswith(start):
            break
        yield path


def _start(magic: str) -> str:
    """Return what a name begins with before its first star, brackets of `glob.escape` undone."""
    return "" if "[*]" in magic else re.sub(r"\[(.)\]", r"\1", magic.partition("*")[0])
