"""Which of several samples that say and show the same is kept, whatever order they came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sides import TRAIN, official_sides
from doctorsun.data.curate.sketches import Sketches


@dataclass(frozen=True, slots=True)
class Preference:
    """Which samples are preferred.

    Attributes:
        ranks: of each sample; 0 is the best.
        sides: the side of each sample, where official sides are kept; else all are for training.
    """

    ranks: Numbers
    sides: Numbers

    @classmethod
    def of(cls, sketches: Sketches, *, keeps_official: bool) -> Self:
        """Rank samples: what is held out, then larger images, longer texts, and last the key of the content.

        The key is as good as chance and always the same.
        """
        sides = official_sides(sketches) if keeps_official else np.full(len(sketches), TRAIN)
        sizes = [-sketches.numbers(name, np.int64) for name in ("num_chars", "num_pixels")]
        order = np.lexsort((sketches.places, *keys_of(sketches).T[::-1], *sizes, sides))
        ranks = np.empty(len(sketches), dtype=np.int64)
        ranks[order] = np.arange(len(sketches))
        return cls(ranks, sides)

    def yields(self, row: int, other: int) -> bool:
        """Say whether a sample goes when another is like it: the worse one does, but no test loses its own samples."""
        is_own = self.sides[row] == self.sides[other] < TRAIN
        return bool(self.ranks[row] > self.ranks[other]) and not is_own

    def yielding(self, rows: Numbers) -> dict[int, int]:
        """Return of rows that are all alike those that go, each with the best one."""
        best = int(rows[self.ranks[rows].argmin()])
        return {row: best for row in rows.tolist() if self.yields(row, best)}

    def yielding_of(self, pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Return of rows that are alike in pairs those that go, each with the best one that stays and is like it.

        Taken from the best on, a row goes when one that stays is like it: no two that stay are alike, and nothing goes
        for the sake of what goes itself.
        """
        better: dict[int, list[int]] = {}
        for one, other in pairs:
            for row, best in ((one, other), (other, one)):
                if self.yields(row, best):
                    better.setdefault(row, []).append(best)
        gone: dict[int, int] = {}
        for row in sorted(better, key=self.ranks.__getitem__):
            stays = [best for best in better[row] if best not in gone]
            if stays:
                gone[row] = min(stays, key=self.ranks.__getitem__)
        return gone


def keys_of(sketches: Sketches) -> NDArray[np.uint64]:
    """Return the keys of content as two numbers each, [n, 2], that sort as the bytes do."""
    return np.ascontiguousarray(sketches.digests("key")).view(">u8").astype(np.uint64)
