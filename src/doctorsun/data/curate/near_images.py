"""Step: samples that show one picture in two files and say the same."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from doctorsun.data.curate.near_pictures import NearPictures
from doctorsun.data.curate.preference import Preference
from doctorsun.data.curate.runs import rows_alike
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches


def near_images(
    sketches: Sketches, among: Numbers, *, shown: ShownImages, near: NearPictures, preference: Preference
) -> dict[int, int]:
    """Return which rows go, each with one that stays: the same words about a picture in another coding or window.

    With another question they stay; they share their group.

    Args:
        sketches: of all samples.
        among: the rows that count.
        shown: the images of all samples.
        near: the pairs of images that are one picture.
        preference: among all samples.
    """
    return preference.yielding_of(_alike(sketches, among, shown, near)) if len(near.first) else {}


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


def _alike(sketches: Sketches, among: Numbers, shown: ShownImages, near: NearPictures) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that say the same and show the same pictures."""
    shows = shown.signatures(picture_classes(shown, near))
    pairs = near.as_set()
    for rows in rows_alike(shows, sketches.codes("text_sha256"), among=among[shows[among] != 0]):
        images = {row: shown.of_row(row) for row in rows.tolist()}
        for one, other in combinations(images, 2):
            if show_the_same(images[one], images[other], pairs):
                yield one, other
