"""Did you mean: the known name nearest to one that is not known."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], *, otherwise: str = "choose one of these") -> str:
    """Return ``did you mean 'x'?`` where a known name is near, else the other advice."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean '{by_fold[near[0]]}'?" if near else otherwise


def one_of(known: Iterable[str]) -> str:
    """Return ``one of a, b, c``; a lone name in quotes; ``nothing here`` where nothing is known."""
    names = list(known)
    if len(names) == 1:
        return f"'{names[0]}'"
    return f"one of {', '.join(names)}" if names else "nothing here"
