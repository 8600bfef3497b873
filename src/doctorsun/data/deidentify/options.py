"""Options: what a user allows to stay, or asks to leave out, when data are de-identified."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from doctorsun.errors import RecipeError

Keep = Literal["characteristics", "descriptors", "safe-private"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of PS3.15 Annex E that were chosen; each is written into the files and the report.

    Attributes:
        dates: shift dates by the patient's number of days (113107), or remove them.
        keep: "characteristics" (113108: age, capped at 90, sex, size, weight), "descriptors" (113105: descriptions,
            cleaned of identifiers), "safe-private" (113111: private elements that the standard lists as safe).
        read_pixels: find text in pixels that may hold some and blank it (113101); without it they stay as they are.
    """

    dates: Literal["shift", "remove"] = "shift"
    keep: frozenset[Keep] = frozenset()
    read_pixels: bool = True


def kept_by(names: Iterable[str]) -> frozenset[Keep]:
    """Return what a user names to be kept.

    Raises:
        RecipeError: there is no such option.
    """
    known = {name: name for name in get_args(Keep)}
    for name in names:
        if name not in known:
            raise RecipeError("--keep", got=f"'{name}'", expected=f"one of {', '.join(known)}", do="correct it")
    return frozenset(known[name] for name in names)
