"""Pairs of images that are one picture in two files: found by fingerprints, judged by pixels, never in one study."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from doctorsun.data.curate.image_prints import ImagePrints
from doctorsun.data.curate.shown_images import Numbers
from doctorsun.data.curate.studies import Studies
from doctorsun.image.fingerprint import Views, small_views
from doctorsun.image.near import near_within
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture

PictureOf = Callable[[int, int], bytes | None]
"""Gives the encoded image by the place of a sample and the image's number there."""

_CACHED_PICTURES = 2048


@dataclass(frozen=True, slots=True)
class NearPictures:
    """Pairs of images, the smaller number first, each once.

    Attributes:
        first: an image of each pair.
        second: the other.
    """

    first: Numbers
    second: Numbers

    def as_set(self) -> set[tuple[int, int]]:
        """Return the pairs as tuples."""
        return set(zip(self.first.tolist(), self.second.tolist(), strict=True))


NO_PAIRS = NearPictures(np.empty(0, np.int64), np.empty(0, np.int64))


def near_pictures(prints: ImagePrints, studies: Studies, most_bits: int, picture_of: PictureOf) -> NearPictures:
    """Return all pairs of images of different studies that are one picture.

    Args:
        prints: of all images.
        studies: of the images.
        most_bits: in which the fingerprints of a pair may differ.
        picture_of: for the second look.
    """
    images, views = prints.images.astype(np.int64), prints.views.astype(np.int64)
    one, other = near_within(prints.prints, most_bits)
    apart = images[one] != images[other]
    one, other = one[apart], other[apart]
    is_strange = ~studies.hold_both(images[one], images[other])
    one, other = one[is_strange], other[is_strange]

    @lru_cache(maxsize=_CACHED_PICTURES)
    def views_of(image: int) -> Views | None:
        data = picture_of(int(prints.places[image]), int(prints.numbers[image]))
        return None if data is None else small_views(decode(data))

    same = sorted(set(_judged(images[one], views[one], images[other], views[other], views_of)))
    return NearPictures(*np.array(same, dtype=np.int64).reshape(-1, 2).T)


def _judged(
    ones: Numbers, views: Numbers, others: Numbers, other_views: Numbers, views_of: Callable[[int], Views | None]
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that are one picture by their pixels, in the views whose fingerprints are near."""
    order = np.lexsort((others, ones))
    columns = (column[order].tolist() for column in (ones, views, others, other_views))
    for a, view, b, other_view in zip(*columns, strict=True):
        first, second = views_of(a), views_of(b)
        if first and second and is_same_picture(first[view], second[other_view]):
            yield min(a, b), max(a, b)
