"""The sides of a split, and the one that a publisher gave each sample."""

import numpy as np

from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sketch import Sketches

SIDES = ("test", "validation", "train")
"""The names of the splits; a side is a place here."""
TRAIN = SIDES.index("train")


def official_sides(sketches: Sketches) -> Numbers:
    """Return for each sample the side that its publisher gave it."""
    splits = np.array(sketches.table["split"].to_pylist(), dtype=object)
    return np.select([splits == name for name in SIDES[:TRAIN]], range(TRAIN), TRAIN).astype(np.int64)
