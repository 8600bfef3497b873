"""Which files an import reads: one, those of a folder, or those of a pattern."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doctorsun.errors import DataError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, and its name below what was asked for: the same wherever the data lie."""

    name: str
    path: Path


def source_files(asked: str, suffixes: Sequence[str]) -> tuple[SourceFile, ...]:
    """Return the files of an import, in the order of their names.

    Args:
        asked: a file, whatever its name; a folder, of which all files with these suffixes are taken, at any depth;
            or a pattern such as ``QA/*.csv``.
        suffixes: how names end, in lower case: ``.csv``, or whole names; a further ``.gz`` is allowed.

    Raises:
        DataError: there is no such file.
    """
    path = Path(asked)
    if path.is_file():
        return (SourceFile(path.name, path),)
    if path.is_dir():
        root, pattern = path, "**/*"
    else:
        root, pattern = _fixed_part(path)
    endings = (*suffixes, *(f"{suffix}.gz" for suffix in suffixes))
    found = (each for each in root.glob(pattern) if each.is_file() and each.name.lower().endswith(endings))
    files = tuple(sorted((SourceFile(each.relative_to(root).as_posix(), each) for each in found), key=_name))
    if not files:
        raise DataError(
            asked, got="no file" if root.is_dir() else "no such file or folder", expected=", ".join(suffixes) + " files"
        )
    return files


def _name(file: SourceFile) -> str:
    return file.name


def _fixed_part(path: Path) -> tuple[Path, str]:
    """Split a pattern into the folder before its first wildcard and the rest."""
    wild = [index for index, part in enumerate(path.parts) if any(char in part for char in "*?[")]
    root = Path(*path.parts[: wild[0] if wild else -1])
    return root, path.relative_to(root).as_posix()
