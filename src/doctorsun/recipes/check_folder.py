"""The check that folders and weights which a recipe names are there."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from doctorsun.errors import RecipeError
from doctorsun.recipes.placed import Found
from doctorsun.storage.hub.kinds import TENSORS


def check_folder(path: str, folder: str, *, holding: str, do: str) -> Iterator[Found]:
    """Yield what is wrong with a folder.

    Args:
        path: the key of the recipe that names it.
        folder: what it names.
        holding: a file that must be in it; empty for any folder.
        do: what the reader can do.
    """
    place = Path(folder)
    if not place.is_dir():
        reason = "a file" if place.exists() else os.strerror(errno.ENOENT)
        yield path, RecipeError(f"no folder '{folder}'", got=reason, expected="a folder", do=do + _home(folder))
    elif holding and not (place / holding).is_file():
        found = "none in it"
        yield path, RecipeError(f"'{folder}' is not complete", got=found, expected=f"a file {holding}", do=do)


def check_weights(path: str, weights: str, *, do: str) -> Iterator[Found]:
    """Yield what is wrong with a file or folder of weights; arguments as for `check_folder`."""
    place, expected = Path(weights), f"files that end in {', '.join(sorted(TENSORS))}"
    if not place.exists():
        got = os.strerror(errno.ENOENT)
        yield path, RecipeError(f"no weights '{weights}'", got=got, expected=expected, do=do + _home(weights))
    elif not any(file.suffix in TENSORS for file in (place.rglob("*") if place.is_dir() else (place,))):
        yield path, RecipeError(f"'{weights}' holds no weights", expected=expected, do=do)


def _home(text: str) -> str:
    return "; '~' is not opened here, write the whole path" if text.startswith("~") else ""
