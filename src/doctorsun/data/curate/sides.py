"""The sides of a split, and the one that a publisher gave each sample."""

from collections.abc import Iterator, Mapping

import numpy as np

from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketches import Sketches, flat

SIDES = ("test", "validation", "train")
"""The names of the splits; a side is a place here."""
TRAIN = SIDES.index("train")


def official_sides(sketches: Sketches) -> Numbers:
    """Return for each sample the side that its publisher gave it."""
    found = [np.empty(0, np.int64)]
    for table in sketches.tables("split"):
        splits = flat(table, "split").dictionary_encode()
        sides = [SIDES.index(name) if name in SIDES else TRAIN for name in splits.dictionary.to_pylist()]
        found.append(np.array(sides, dtype=np.int64)[splits.indices.to_numpy()])
    return np.concatenate(found)


class Sided(Mapping[int, str]):
    """The split of each sample that stays, by its place; a byte for each.

    Args:
        places: of samples, ascending.
        sides: of each; negative where it goes.
    """

    def __init__(self, places: Numbers, sides: Numbers) -> None:
        self._sides = np.full(int(places.max(initial=-1)) + 1, -1, dtype=np.int8)
        self._sides[places] = sides

    def __getitem__(self, place: int) -> str:
        side = self._sides[place] if place < len(self._sides) else -1
        if side < 0:
            raise KeyError(place)
        return SIDES[side]

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self._sides >= 0).tolist())

    def __len__(self) -> int:
        return int((self._sides >= 0).sum())
