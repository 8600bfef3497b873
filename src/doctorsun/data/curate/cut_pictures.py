"""Pairs of images of which one is the other cropped: no duplicates, but they belong on one side of a split."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.curate.image_prints import ImagePrints, known_prints
from doctorsun.data.curate.leaders import Leaders
from doctorsun.data.curate.near_pictures import NearPictures, PictureOf
from doctorsun.data.curate.sketches import Sketches
from doctorsun.data.curate.studies import Studies
from doctorsun.data.leak.views import NUM_VIEWS, Grey, telling_views, tested_views, views_of
from doctorsun.image.near import near_across
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture

_LEAST_AT_A_TIME = 1 << 14  # images whose parts are sought: 12 MiB of fingerprints
_PARTS = 32  # of many images, so many are sought at a time
_CACHED_WHOLES = 2048  # 48 KiB each
_CACHED_CUTS = 16  # pairs come by the image that is cut; 384 KiB each


def with_cut_pictures(
    sketches: Sketches,
    near: NearPictures,
    *,
    prints: ImagePrints,
    studies: Studies,
    most_bits: int,
    picture_of: PictureOf,
) -> NearPictures:
    """Return the near pairs, and as many pairs of an image and its crop as join all that belongs together.

    A view of one picture must be like what the cuts of the leak search leave of the other. Images of one study are
    never compared, nor are those that other pairs join already: which of these stand for the rest depends on the order
    of samples, what they join does not.

    Args:
        sketches: of the samples.
        near: pairs that are one picture.
        prints: of all images.
        studies: of the images.
        most_bits: in which the fingerprints of a pair may differ.
        picture_of: for the second look.
    """
    joined = Leaders(len(prints.places))
    for one, other in zip(near.first.tolist(), near.second.tolist(), strict=True):
        joined.join(one, other)

    @lru_cache(maxsize=_CACHED_WHOLES)
    def wholes(image: int) -> tuple[Grey, ...]:
        data = picture_of(int(prints.places[image]), int(prints.numbers[image]))
        return views_of(decode(data)) if data is not None else ()

    @lru_cache(maxsize=_CACHED_CUTS)
    def cuts(image: int) -> tuple[Grey, ...]:
        data = picture_of(int(prints.places[image]), int(prints.numbers[image]))
        return tested_views(decode(data))[NUM_VIEWS:] if data is not None else ()

    found = near.as_set()
    for cut, cut_view, image, view in _candidates(sketches, prints, studies, most_bits):
        if joined.of(cut) == joined.of(image):
            continue
        part, whole = cuts(cut), wholes(image)
        if part and whole and is_same_picture(part[cut_view], whole[view]):
            joined.join(cut, image)
            found.add((min(cut, image), max(cut, image)))
    return NearPictures(*np.array(sorted(found), dtype=np.int64).reshape(-1, 2).T)


def _candidates(
    sketches: Sketches, prints: ImagePrints, studies: Studies, most_bits: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield image and cut, image and view, of two studies, whose fingerprints are near; by the first image of some."""
    for cuts, images, numbers in _cuts(sketches, prints):
        one, other = near_across(cuts, prints.prints, most_bits, owners=(images, prints.images))
        first, second = images[one].astype(np.int64), prints.images[other].astype(np.int64)
        strange = np.flatnonzero(~studies.hold_both(first, second))
        columns = (first, numbers[one], second, prints.views[other])
        yield from zip(*(column[strange].tolist() for column in columns), strict=True)


def _cuts(
    sketches: Sketches, prints: ImagePrints
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int8]]]:
    """Yield fingerprints of what cuts leave of images, with the image and the number of the cut; of many at a time."""
    parts: list[tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int8]]] = []
    num, most = 0, max(_LEAST_AT_A_TIME, len(prints.places) // _PARTS)
    for images, known in known_prints(sketches, ("cuts",), prints.lent):
        owners, cuts = telling_views(known)
        parts.append((known[owners, cuts], images[owners], cuts.astype(np.int8)))
        num += len(images)
        if num >= most:
            yield _taken(parts)
            num = 0
    if parts:
        yield _taken(parts)


def _taken(
    parts: list[tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int8]]],
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int8]]:
    """Return parts as one, and clear them."""
    prints, images, cuts = (np.concatenate(column) for column in zip(*parts, strict=True))
    parts.clear()
    return prints, images, cuts
