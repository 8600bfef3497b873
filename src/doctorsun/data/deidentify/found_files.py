"""The files below a folder, each once, whatever links lead to it; none is told by a name that a report could show."""

import stat
from collections.abc import Iterator
from pathlib import Path

from doctorsun.errors import DataError


def found_files(root: Path) -> list[Path]:
    """Return the regular files at or below a path, in the order of their names.

    Links are followed; a file or folder that several of them lead to is taken once, so that loops end.

    Raises:
        DataError: there is nothing at the path.
    """
    if not root.exists():
        raise DataError(f"{root}", got="nothing there", expected="a file or a folder", do="check the path")
    seen: set[tuple[int, int]] = set()
    return list(_files(root, seen))


def _files(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        facts = path.stat()
    except OSError:  # a link that leads nowhere
        return
    identity = (facts.st_dev, facts.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    if stat.S_ISREG(facts.st_mode):
        yield path
    elif stat.S_ISDIR(facts.st_mode):
        for below in sorted(path.iterdir()):
            yield from _files(below, seen)
