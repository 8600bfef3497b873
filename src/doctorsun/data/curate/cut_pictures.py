"""Pairs of images of which one is the other cropped: no duplicates, but they belong on one side of a split."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from doctorsun.data.curate.image_prints import ImagePrints, known_prints
from doctorsun.data.curate.leaders import Leaders
from doctorsun.data.curate.near_pictures import NearPictures, PictureOf
from doctorsun.data.curate.sketches import Sketches
from doctorsun.data.curate.studies import Studies
from doctorsun.data.leak.views import NUM_VIEWS, Grey, telling_views, tested_views, views_of
from doctorsun.image.near_across import Sought, near_across
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture

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
    scratch: Path | None = None,
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
        scratch: the folder of a scratch file; by default that of the system.

    Raises:
        OSError: the scratch file cannot be written.
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
    for cut, cut_view, image, view in _candidates(sketches, prints, studies, most_bits, scratch):
        if joined.of(cut) == joined.of(image):
            continue
        part, whole = cuts(cut), wholes(image)
        if part and whole and is_same_picture(part[cut_view], whole[view]):
            joined.join(cut, image)
            found.add((min(cut, image), max(cut, image)))
    return NearPictures(*np.array(sorted(found), dtype=np.int64).reshape(-1, 2).T)


def _candidates(
    sketches: Sketches, prints: ImagePrints, studies: Studies, most_bits: int, scratch: Path | None
) -> Iterator[tuple[int, int, int, int]]:
    """Yield image and cut, image and view, of two studies, whose fingerprints are near; by the first image."""
    with TemporaryFile(dir=scratch) as file:
        sought = Sought(file, most_bits)
        for images, known in known_prints(sketches, ("cuts",), prints.lent):
            owners, cuts = telling_views(known)
            sought.add(known[owners, cuts], images[owners], cuts)
        found = near_across(sought, prints.prints, prints.images)
    others = prints.images[found.places].astype(np.int64)
    strange = np.flatnonzero(~studies.hold_both(found.owners, others))
    columns = (found.owners, found.numbers, others, prints.views[found.places])
    yield from zip(*(column[strange].tolist() for column in columns), strict=True)
