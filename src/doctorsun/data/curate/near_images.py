"""Step: samples that show one picture in two files and say the same."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.near_pictures import NearPictures
from doctorsun.data.curate.preference import worse_of
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketch import Sketches

REASON = "near_duplicate_image"


def near_images(sketches: Sketches, *, shown: ShownImages, near: NearPictures, ranks: Numbers) -> dict[int, Rejected]:
    """Return which samples go: the same words about one picture in another coding, size or window.

    With another question they stay; they share their group.
    """
    pairs = _alike(sketches, shown, near) if len(near.first) else ()
    ids, places = sketches.table["id"], sketches.places
    gone = worse_of(pairs, ranks).items()
    return {int(places[row]): Rejected(REASON, f"the picture and words of {ids[best]}") for row, best in gone}


def picture_classes(shown: ShownImages, near: NearPictures) -> Numbers:
    """Return the class of each image: those that near pairs join, however many lie between, are of one."""
    ones = np.ones(len(near.first), dtype=np.int8)
    graph = coo_array((ones, (near.first, near.second)), shape=(shown.num_images, shown.num_images))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def show_the_same(ones: list[int], others: list[int], near: set[tuple[int, int]]) -> bool:
    """Say whether two samples show the same pictures in the same order: each pair equal or near."""
    return len(ones) == len(others) and all(
        one == other or (min(one, other), max(one, other)) in near for one, other in zip(ones, others, strict=True)
    )


def _alike(sketches: Sketches, shown: ShownImages, near: NearPictures) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that say the same and show the same pictures."""
    shows = shown.signatures(picture_classes(shown, near))
    texts = sketches.codes("text_sha256")
    pairs = near.as_set()
    for rows in rows_alike(shows, texts, among=np.flatnonzero(shows)):
        images = [shown.of_row(row) for row in rows.tolist()]
        for (one, first), (other, second) in combinations(zip(rows.tolist(), images, strict=True), 2):
            if show_the_same(first, second, pairs):
                yield one, other
