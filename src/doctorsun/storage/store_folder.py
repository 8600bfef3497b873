"""Which folders are stores: complete ones, those that were begun, and those near a path that is none."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from doctorsun.errors import DataError

MANIFEST = "manifest.json"
DROPPED = "dropped"
PROGRESS = "progress.json"  # the manifest so far, until the store is complete

SEARCHED_DEPTH = 4  # from the folder of all runs: RUN/stores/SOURCE/SPLIT
MAX_SEARCHED = 2000
MAX_NAMED = 6


def store_is_complete(folder: Path) -> bool:
    """Say whether the store was written to its end."""
    return (folder / MANIFEST).exists()


def missing_store(folder: Path) -> DataError:
    """Return what is wrong with a folder that holds no manifest, and which stores the reader may have meant."""
    if (folder / PROGRESS).is_file():
        do = "run the step that makes this store again; it goes on where it stopped"
        return DataError(f"{folder} is not a complete store", got=f"no {MANIFEST}", do=do)
    got = f"no {MANIFEST} in it" if folder.is_dir() else "a file" if folder.exists() else "no such folder"
    expected = "the folder of one split of a store"
    return DataError(f"{folder} is not a store", got=got, expected=expected, do=_advice(_stores_meant(folder)))


def stores_below(folder: Path) -> list[Path]:
    """Return the complete stores in a folder and below it, as far down as a run lays them.

    Only so many folders are looked into: a home folder that was named by mistake must not take minutes.
    """
    return sorted(path for path in islice(_folders(folder), MAX_SEARCHED) if _holds_manifest(path))


def _stores_meant(folder: Path) -> list[Path]:
    parent = next((each for each in folder.parents if each.is_dir()), Path())
    if folder.is_dir():
        return stores_below(folder) or [parent] * _holds_manifest(parent)
    is_root = parent == Path(parent.anchor) and parent.is_absolute()
    return [] if is_root else stores_below(parent)


def _advice(stores: list[Path]) -> str:
    if not stores:
        return "check the path, or make the store with 'doctorsun data build', 'import' or 'collect'"
    if len(stores) == 1:
        return f"did you mean '{stores[0]}'?"
    others = f" (and {len(stores) - MAX_NAMED} more)" if len(stores) > MAX_NAMED else ""
    return f"did you mean one of {', '.join(map(str, stores[:MAX_NAMED]))}{others}?"


def _folders(top: Path) -> Iterator[Path]:
    """Yield a folder and those below it, nearest first, without going into stores."""
    level = [top]
    for _ in range(SEARCHED_DEPTH + 1):
        yield from level
        level = [below for path in level if not _holds_manifest(path) for below in _below(path)]


def _below(path: Path) -> list[Path]:
    try:
        return [each for each in path.iterdir() if each.is_dir() and not each.is_symlink() and each.name[0] != "."]
    except OSError:  # not ours to read, or gone by now
        return []


def _holds_manifest(path: Path) -> bool:
    try:
        return (path / MANIFEST).is_file()
    except OSError:
        return False
