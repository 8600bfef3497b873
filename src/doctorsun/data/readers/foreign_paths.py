"""Image paths of other machines, all that the records of an import ask for: how much of one path another has, too."""

from bisect import bisect_left
from collections.abc import Iterable
from os.path import commonprefix


class ForeignPaths:
    """Paths, kept by their parts from the last to the first, so that those of one ending are neighbours."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._turned = sorted(set(map(_turned, paths)))

    def num_shared(self, path: str) -> int:
        """Return how many parts at its end a path has in common with any other one: 1 for an equal name alone."""
        turned = _turned(path)
        place = bisect_left(self._turned, turned)
        neighbours = (*self._turned[max(place - 1, 0) : place], *self._turned[place + 1 : place + 2])
        shared = (commonprefix((turned, other)) for other in neighbours)  # noqa: RUF071 (each part ends with its slash)
        return max((each.count("/") for each in shared), default=0)


def _turned(path: str) -> str:
    return "/".join((*reversed(path.split("/")), ""))
