"""Groups: what must stay on one side of a split, because a patient, a study, an article or a picture ties it."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches
from doctorsun.errors import DataError

_COLUMNS = ("patient", "study", "article")


@dataclass(frozen=True, slots=True)
class Tie:
    """One kind of thing that ties samples.

    Attributes:
        kind: patient, study, article, variant, image, text, question.
        rows: a row for each time that a sample has such a thing.
        things: which one it is, numbered from 0.
    """

    kind: str
    rows: Numbers
    things: Numbers


def ties_of(sketches: Sketches, shown: ShownImages, picture_classes: Numbers) -> tuple[Tie, ...]:
    """Return all that ties samples: patients, studies (slides, volumes), articles, variants, and pictures.

    Args:
        sketches: of the samples.
        shown: their images.
        picture_classes: of each image: one class for copies of one picture.
    """
    named = []
    for column in _COLUMNS:
        codes = sketches.codes(column)
        rows = np.flatnonzero(codes >= 0)
        named.append(Tie(column, rows, codes[rows]))
    ties = *named, _variants(sketches), Tie("image", shown.rows, picture_classes[shown.images])
    return tuple(_shared(tie) for tie in ties)


def groups_of(num_rows: int, ties: tuple[Tie, ...], alike: Numbers) -> Numbers:
    """Return the group of each sample: the connected components over all ties.

    Args:
        num_rows: samples in all.
        ties: between samples and things.
        alike: [n, 2], rows that say nearly the same.
    """
    ones, others, num_nodes = [alike[:, 0]], [alike[:, 1]], num_rows
    for tie in ties:
        ones.append(tie.rows)
        others.append(num_nodes + tie.things)
        num_nodes += int(tie.things.max(initial=-1)) + 1
    first, second = np.concatenate(ones), np.concatenate(others)
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(num_nodes, num_nodes))
    return connected_components(graph, directed=False)[1][:num_rows].astype(np.int64)


def refuse_two_sides(sketches: Sketches, ties: tuple[Tie, ...], sides: Numbers) -> None:
    """Make sure that nothing which ties samples lies in two splits; told from the ties themselves, not the groups.

    Args:
        sketches: of the samples, for the message.
        ties: between samples and things.
        sides: of each sample; negative where it goes.

    Raises:
        DataError: something lies on two sides.
    """
    for tie in ties:
        stays = sides[tie.rows] >= 0
        rows, things = tie.rows[stays], tie.things[stays]
        first = np.full(int(things.max(initial=-1)) + 1, -1, dtype=np.int64)
        first[things] = rows
        other = np.flatnonzero(sides[first[things]] != sides[rows])
        if len(other):
            pair = [int(row) for row in (rows[other[0]], first[things[other[0]]])]
            ids = sketches.values("id", pair)
            got = f"samples {ids[pair[0]]} and {ids[pair[1]]}, which share it, in different splits"
            do = "report this as a fault of doctorsun"
            raise DataError(f"a {tie.kind} lies on two sides of the split", got=got, expected="one side", do=do)


def _variants(sketches: Sketches) -> Tie:
    """Tie samples to the one that they say again."""
    varies = np.flatnonzero(sketches.codes("variant_of") >= 0)
    if not len(varies):
        return Tie("variant", varies, varies)
    rows, codes = np.arange(len(sketches)), sketches.codes("id", "variant_of")
    things = np.concatenate([codes[: len(rows)], codes[len(rows) + varies]])
    return Tie("variant", np.concatenate([rows, varies]), things)


def _shared(tie: Tie) -> Tie:
    """Return what a tie has of things that several rows have; the others tie nothing."""
    is_shared = np.bincount(tie.things) > 1
    ties = is_shared[tie.things]
    return Tie(tie.kind, tie.rows[ties], (np.cumsum(is_shared) - 1)[tie.things[ties]])
