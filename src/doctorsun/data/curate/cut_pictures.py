"""Pairs of images of which one is the other cropped: no duplicates, but they belong on one side of a split."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from doctorsun.data.curate.leaders import Leaders
from doctorsun.data.curate.near_pictures import (
    NearPictures,
    PictureOf,
    entry_of_each,
    fingerprints_of_each,
    in_one_study,
    known_prints,
)
from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketch import Sketches
from doctorsun.data.leak.views import NUM_VIEWS, Grey, telling_views, tested_views, views_of
from doctorsun.image.near import near_across
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture

_AT_A_TIME = 1 << 18  # images whose parts are sought: some 200 MiB of fingerprints
_CACHED_WHOLES = 2048  # 48 KiB each
_CACHED_CUTS = 16  # pairs come by the image that is cut; 384 KiB each


def with_cut_pictures(
    sketches: Sketches,
    shown: ShownImages,
    near: NearPictures,
    *,
    ranks: Numbers,
    most_bits: int,
    picture_of: PictureOf,
) -> NearPictures:
    """Return the near pairs, and as many pairs of an image and its crop as join all that belongs together.

    A view of one picture must be like what the cuts of the leak search leave of the other. Images of one study are
    never compared, nor are those that other pairs join already: which of these stand for the rest depends on the order
    of samples, what they join does not.

    Args:
        sketches: of the samples.
        shown: their images.
        near: pairs that are one picture.
        ranks: of the samples; the best one that shows an image lends it for the second look.
        most_bits: in which the fingerprints of a pair may differ.
        picture_of: for the second look.
    """
    entries = entry_of_each(shown, ranks)
    places, numbers = sketches.places[shown.rows[entries]], shown.numbers[entries]
    joined = Leaders(shown.num_images)
    for one, other in zip(near.first.tolist(), near.second.tolist(), strict=True):
        joined.join(one, other)

    @lru_cache(maxsize=_CACHED_WHOLES)
    def wholes(image: int) -> tuple[Grey, ...]:
        data = picture_of(int(places[image]), int(numbers[image]))
        return views_of(decode(data)) if data is not None else ()

    @lru_cache(maxsize=_CACHED_CUTS)
    def cuts(image: int) -> tuple[Grey, ...]:
        data = picture_of(int(places[image]), int(numbers[image]))
        return tested_views(decode(data))[NUM_VIEWS:] if data is not None else ()

    found = near.as_set()
    for cut, cut_view, image, view in _candidates(sketches, shown, entries, most_bits):
        if joined.of(cut) == joined.of(image):
            continue
        part, whole = cuts(cut), wholes(image)
        if part and whole and is_same_picture(part[cut_view], whole[view]):
            joined.join(cut, image)
            found.add((min(cut, image), max(cut, image)))
    return NearPictures(*np.array(sorted(found), dtype=np.int64).reshape(-1, 2).T)


def _candidates(
    sketches: Sketches, shown: ShownImages, entries: Numbers, most_bits: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield image and cut, image and view, of two studies, whose fingerprints are near; by the first image."""
    prints, images, views = fingerprints_of_each(sketches, entries)
    for start in range(0, len(entries), _AT_A_TIME):
        known = known_prints(sketches, "cuts", entries[start : start + _AT_A_TIME])
        owners, cuts = telling_views(known)
        one, other = near_across(known[owners, cuts], prints, most_bits)
        first, second = start + owners[one], images[other]
        strange = np.flatnonzero((first != second) & ~in_one_study(sketches, shown, first, second))
        columns = (first, cuts[one], second, views[other])
        yield from zip(*(column[strange].tolist() for column in columns), strict=True)
