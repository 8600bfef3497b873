"""The files below a folder, each once, whatever links lead to it, and the links that are not followed."""

import stat
from collections.abc import Iterator
from pathlib import Path

from doctorsun.errors import DataError
from doctorsun.storage.real_path import real_path

OUTSIDE = "a link that leads out of the folder that is read: name the folder it leads to"
NOWHERE = "a link that leads nowhere"


def found_files(root: Path) -> dict[Path, str]:
    """Return the regular files at or below a path, in the order of their names, and the links that are not followed.

    Links that stay below the path are followed; a file or folder that several of them lead to is taken once, so that
    loops end.

    Returns:
        For each file an empty text; for each link that leads elsewhere why it is not followed, and for each folder that
        cannot be listed why.

    Raises:
        DataError: there is nothing at the path.
    """
    if not root.exists():
        raise DataError(f"{root}", got="nothing there", expected="a file or a folder", do="check the path")
    return dict(_found(root, real_path(root), set()))


def leads_out(path: Path, top: Path) -> bool:
    """Say whether what a path leads to lies elsewhere than below a folder, of which all links are resolved."""
    return not real_path(path).is_relative_to(top)


def _found(path: Path, top: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[Path, str]]:
    if path.is_symlink() and leads_out(path, top):
        yield path, OUTSIDE if path.exists() else NOWHERE
        return
    try:
        facts = path.stat()
    except OSError:
        yield path, NOWHERE
        return
    identity = (facts.st_dev, facts.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    if stat.S_ISREG(facts.st_mode):
        yield path, ""
    elif stat.S_ISDIR(facts.st_mode):
        try:
            inside = sorted(path.iterdir())
        except OSError as error:  # no permission, or gone by now
            yield path, f"cannot be read ({type(error).__name__})"
            return
        for below in inside:
            yield from _found(below, top, seen)
