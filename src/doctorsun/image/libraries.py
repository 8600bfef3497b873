"""Libraries that only some files need: imported when such a file is opened."""

import importlib
from typing import Any

from doctorsun.errors import MissingDependency


def optional_library(module: str, *, needed_for: str, extra: str) -> Any:
    """Import a library of an extra.

    Args:
        module: the name to import.
        needed_for: what cannot be read without it, in the plural.
        extra: the extra of doctorsun that installs it.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        do = f"pip install 'doctorsun[{extra}]'"
        raise MissingDependency(f"{needed_for} need the library {module}", got="none installed", do=do) from error
