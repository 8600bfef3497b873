"""Which of several samples that say and show the same is kept, whatever order they came in."""

from collections.abc import Iterable

import numpy as np

from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketch import Sketches

HELD_OUT = ("test", "validation")


def ranks_of(sketches: Sketches) -> Numbers:
    """Return the rank of each sample, 0 is the best.

    What publishers hold out comes first, so that the copy in training goes; then larger images, longer texts, and the
    content's key, which is as good as chance and always the same.
    """
    table = sketches.table
    splits = np.array(table["split"].to_pylist(), dtype=object)
    side = np.select([splits == name for name in HELD_OUT], range(len(HELD_OUT)), len(HELD_OUT))
    sizes = [-table[name].to_numpy().astype(np.int64) for name in ("num_chars", "num_pixels")]
    order = np.lexsort((sketches.places, *keys_of(sketches).T[::-1], *sizes, side))
    ranks = np.empty(len(sketches), dtype=np.int64)
    ranks[order] = np.arange(len(sketches))
    return ranks


def keys_of(sketches: Sketches) -> np.ndarray:
    """Return the keys of content as two numbers each, [n, 2], that sort as the bytes do."""
    joined = b"".join(sketches.table["key"].to_pylist())
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64).reshape(len(sketches), 2)


def worse_of(pairs: Iterable[tuple[int, int]], ranks: Numbers) -> dict[int, int]:
    """Return which rows go, each with a better row that stays and is like it.

    Taken from the best on, a row goes when one that stays is like it: no two that stay are alike, and nothing goes for
    the sake of what goes itself.

    Args:
        pairs: of rows that are alike.
        ranks: of all rows.
    """
    better: dict[int, list[int]] = {}
    for one, other in pairs:
        best, worst = (one, other) if ranks[one] < ranks[other] else (other, one)
        better.setdefault(worst, []).append(best)
    gone: dict[int, int] = {}
    for row in sorted(better, key=ranks.__getitem__):
        stays = [best for best in better[row] if best not in gone]
        if stays:
            gone[row] = min(stays, key=ranks.__getitem__)
    return gone
