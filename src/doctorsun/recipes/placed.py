"""Complaints about a recipe with their place in it: the key, and where the document is known its file and line."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from doctorsun.config.document import Node
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.errors import RecipeError

Found = tuple[str, RecipeError]
"""A dotted key of the recipe, and what is wrong there."""


def placed(path: str, error: RecipeError, document: Node | None, *, at_key: bool = False) -> RecipeError:
    """Put the key, and where the document is known the place in it, before a complaint."""
    node = document.nearest(*path.split(".")) if document else None
    mark = "" if node is None else f"{node.key_mark if at_key else node.mark}: "
    return RecipeError(f"{mark}{path}: {error.what}", got=error.got, expected=error.expected, do=error.do)


@contextmanager
def placed_errors(path: str, document: Node | None) -> Generator[None]:
    """Put the place before what the block finds wrong with the recipe.

    Raises:
        RecipeError: what the block raised, with the key and its place.
    """
    try:
        yield
    except RecipeError as error:
        raise placed(path, error, document) from error


def unknown(kind: str, name: str, known: Iterable[str]) -> RecipeError:
    """Return the complaint about a name that is none of those known."""
    names = list(known)
    return RecipeError(f"unknown {kind}", got=f"'{name}'", expected=one_of(names), do=did_you_mean(name, names))
