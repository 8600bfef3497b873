"""The sides of a split, and the one that a publisher gave each sample."""

import numpy as np

from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketch import Sketches

SIDES = ("test", "validation", "train")
"""The names of the splits; a side is a place here."""
TRAIN = SIDES.index("train")


def official_sides(sketches: Sketches) -> Numbers:
    """Return for each sample the side that its publisher gave it."""
    splits = sketches.table["split"].combine_chunks().dictionary_encode()
    sides = [SIDES.index(name) if name in SIDES else TRAIN for name in splits.dictionary.to_pylist()]
    return np.array(sides, dtype=np.int64)[splits.indices.to_numpy()]
