"""Path patterns: which files belong to a data set, and what their paths tell.

A pattern is a relative path with named parts: ``{split}/{label}/{name}.jpg``. A named part stands for any characters
but a slash; ``*`` does too and is forgotten; ``**`` stands for any number of folders.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath

from doctorsun.errors import DataError

_TOKEN = re.compile(r"\*\*/|\*|\{(\w+)\}")


@dataclass(frozen=True)
class PathPattern:
    """A checked pattern.

    Raises:
        DataError: a brace is not closed, or a name stands twice.
    """

    text: str

    def __post_init__(self) -> None:
        names = [name for name in _TOKEN.findall(self.text) if name]
        rest = _TOKEN.sub("", self.text)
        if "{" in rest or "}" in rest or len(set(names)) < len(names):
            raise DataError(
                "path pattern", got=repr(self.text), expected="each part once, as {name}", do="correct the adapter"
            )

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The regular expression of the whole path."""
        parts: list[str] = []
        end = 0
        for token in _TOKEN.finditer(self.text):
            parts.append(re.escape(self.text[end : token.start()]))
            name = token.group(1)
            parts.append(f"(?P<{name}>[^/]+?)" if name else "(?:[^/]+/)*" if token.group() == "**/" else "[^/]*")
            end = token.end()
        return re.compile("".join(parts) + re.escape(self.text[end:]))

    def find(self, root: Path) -> Iterator[tuple[Path, dict[str, str]]]:
        """Yield the files that match, folder by folder in the order of their names, with the named parts.

        Raises:
            DataError: the folder is not there, or no file matches.
        """
        if not root.is_dir():
            raise DataError(f"{root}", got="no such folder", expected="the folder of the data set")
        num_found = 0
        for path in self._walk(root):
            match = self.expression.fullmatch(path.relative_to(root).as_posix())
            if match:
                num_found += 1
                yield path, match.groupdict()
        if not num_found:
            raise DataError(
                f"files in {root}", got=f"none like {self.text}", expected="at least one", do="check --root"
            )

    def listed(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the same by the paths below the folder.

        Raises:
            DataError: as of `find`.
        """
        for path, fields in self.find(root):
            yield path.relative_to(root).as_posix(), fields

    def _walk(self, root: Path) -> Iterator[Path]:
        """Yield the files that may match, a folder at a time so that memory stays flat; hidden ones are left out."""
        parts = PurePosixPath(self.text).parts
        fixed = list(takewhile(lambda part: not _TOKEN.search(part), parts[:-1]))
        has_any_depth = "**" in parts
        for folder, folders, files in os.walk(root.joinpath(*fixed), followlinks=not has_any_depth):
            depth = len(Path(folder).relative_to(root).parts)
            folders[:] = sorted(folders) if has_any_depth or depth < len(parts) - 1 else []
            yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))

    def fill(self, fields: Mapping[str, str]) -> str:
        """Return the pattern with its names replaced by fields; stars stay.

        Raises:
            DataError: a field is not known.
        """
        return filled(self.text, fields)


def filled(template: str, fields: Mapping[str, str]) -> str:
    """Replace ``{name}`` in a text by the fields of an item.

    Raises:
        DataError: a field is not known.
    """

    def value(token: re.Match[str]) -> str:
        name = token.group(1)
        if name not in fields:
            raise DataError(
                f"the template '{template}' names an unknown field",
                got=f"'{name}'",
                expected="one of " + ", ".join(sorted(fields)),
                do="correct the adapter",
            )
        return fields[name]

    return re.sub(r"\{([^{}]+)\}", value, template)
