"""Step: the split of each sample. What belongs together stays together, and what publishers hold out stays held out."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from doctorsun.config.curation import Splits
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.preference import keys_of
from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.sides import SIDES, TRAIN, official_sides
from doctorsun.data.curate.sketches import Sketches

REASON = "in_test_group"


def split_of(sketches: Sketches, settings: Splits, groups: Numbers) -> tuple[Numbers, dict[int, Rejected]]:
    """Return the side of each sample, and which samples go because their group is held out.

    ``own``: each group comes to a side by a hash of the smallest key of content in it, in the shares of the settings.
    ``official``: a group that holds a test sample is of the test, else one that holds a validation sample of the
    validation, and samples of other sides go from it. Of the other groups, those of data sets that hold something out
    are for training, and the rest comes to a side by its hash.

    Args:
        sketches: of the samples.
        settings: shares, seed and which way.
        groups: of each sample.

    Returns:
        The sides, -1 for samples that go; and these, by their places among all rows.
    """
    groups = np.unique(groups, return_inverse=True)[1]
    drawn = _drawn(sketches, settings, groups)
    if settings.by == "own":
        return drawn[groups], {}
    official = official_sides(sketches)
    held_out = np.full(len(drawn), TRAIN, dtype=np.int64)
    np.minimum.at(held_out, groups, official)
    is_official = held_out < TRAIN
    is_official[groups[_of_split_datasets(sketches, official)]] = True
    sides = np.where(is_official, held_out, drawn)[groups]
    goes = (held_out[groups] < TRAIN) & (official != sides)
    return np.where(goes, -1, sides), _rejected(sketches, groups, official, goes)


def _drawn(sketches: Sketches, settings: Splits, groups: Numbers) -> Numbers:
    """Return the side of each group by a keyed hash of the smallest key of content in it."""
    keys = keys_of(sketches)
    order = np.lexsort((keys[:, 1], keys[:, 0], groups))
    firsts = order[np.append(True, np.diff(groups[order]) != 0)] if len(order) else order
    names, secret = sketches.digests("key")[firsts], str(settings.seed).encode()
    digests = b"".join(hashlib.blake2b(name.tobytes(), key=secret, digest_size=8).digest() for name in names)
    shares = np.frombuffer(digests, dtype="<u8") / 2.0**64
    bounds = np.cumsum([settings.test, settings.validation])
    return np.searchsorted(bounds, shares, side="right").astype(np.int64)


def _of_split_datasets(sketches: Sketches, official: Numbers) -> NDArray[np.bool_]:
    """Say which samples are of a data set whose publisher holds something out."""
    datasets = sketches.codes("dataset")
    return np.isin(datasets, datasets[official < TRAIN])


def _rejected(sketches: Sketches, groups: Numbers, official: Numbers, goes: NDArray[np.bool_]) -> dict[int, Rejected]:
    """Return the samples that go, each with the first held-out sample of its group."""
    keys = keys_of(sketches)
    order = np.lexsort((keys[:, 1], keys[:, 0], official))
    witnesses = np.zeros(int(groups.max(initial=-1)) + 1, dtype=np.int64)
    witnesses[groups[order[::-1]]] = order[::-1]  # the first is written last
    rows = np.flatnonzero(goes)
    ids = sketches.values("id", witnesses[groups[rows]])
    found: dict[int, Rejected] = {}
    for place, witness in zip(sketches.places[rows].tolist(), witnesses[groups[rows]].tolist(), strict=True):
        found[place] = Rejected(REASON, f"of {ids[witness]} in {SIDES[official[witness]]}")
    return found
