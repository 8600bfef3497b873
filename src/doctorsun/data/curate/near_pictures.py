"""Pairs of images that are one picture in two files: found by fingerprints, judged by pixels, never in one study."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketch import Sketches, bytes_of
from doctorsun.data.leak.views import telling_views
from doctorsun.image.fingerprint import FINGERPRINT_BYTES, Views, small_views
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


def near_pictures(
    sketches: Sketches, shown: ShownImages, ranks: Numbers, most_bits: int, picture_of: PictureOf
) -> NearPictures:
    """Return all pairs of images of different studies that are one picture.

    Args:
        sketches: of the samples.
        shown: their images.
        ranks: of the samples; the best one that shows an image lends it for the second look.
        most_bits: in which the fingerprints of a pair may differ.
        picture_of: for the second look.
    """
    entries = entry_of_each(shown, ranks)
    prints, images, views = fingerprints_of_each(sketches, entries)
    one, other = near_within(prints, most_bits)
    apart = images[one] != images[other]
    one, other = one[apart], other[apart]
    is_strange = ~in_one_study(sketches, shown, images[one], images[other])
    one, other = one[is_strange], other[is_strange]
    places, numbers = sketches.places[shown.rows[entries]], shown.numbers[entries]

    @lru_cache(maxsize=_CACHED_PICTURES)
    def views_of(image: int) -> Views | None:
        data = picture_of(int(places[image]), int(numbers[image]))
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


def entry_of_each(shown: ShownImages, ranks: Numbers) -> Numbers:
    """Return for each image its entry in the best sample that shows it."""
    order = np.lexsort((shown.numbers, ranks[shown.rows]))
    entries = np.empty(shown.num_images, dtype=np.int64)
    entries[shown.images[order[::-1]]] = order[::-1]  # the best is written last
    return entries


def fingerprints_of_each(sketches: Sketches, entries: Numbers) -> tuple[NDArray[np.uint8], Numbers, Numbers]:
    """Return the different fingerprints of each image, [n, 32], with its number and the view that each is of."""
    known = [known_prints(sketches, name, entries) for name in ("fingerprints", "inner")]
    found = np.concatenate(known, axis=1)
    images, views = telling_views(found)
    return found[images, views], images, views


def known_prints(sketches: Sketches, name: str, entries: Numbers) -> NDArray[np.uint8]:
    """Return what a column holds of fingerprints of entries, [n, views, 32]; zeros where nothing is known."""
    column = sketches.table[name].combine_chunks().flatten()
    is_known = column.is_valid().to_numpy(zero_copy_only=False)[entries]
    num_views = column.type.byte_width // FINGERPRINT_BYTES
    found = np.zeros((len(entries), num_views, FINGERPRINT_BYTES), dtype=np.uint8)
    found[is_known] = bytes_of(column.take(pa.array(entries[is_known]))).reshape(-1, num_views, FINGERPRINT_BYTES)
    return found


def in_one_study(sketches: Sketches, shown: ShownImages, ones: Numbers, others: Numbers) -> NDArray[np.bool_]:
    """Say for pairs of images whether samples show them in one study, or in one patient where a study is not known."""
    studies, patients = (_Holders.of(sketches.codes(name), shown) for name in ("study", "patient"))
    has_both = (studies.count(ones) > 0) & (studies.count(others) > 0)
    return studies.hold_both(ones, others) | (patients.hold_both(ones, others) & ~has_both)


@dataclass(frozen=True, slots=True)
class _Holders:
    """The studies, or the patients, that show each image: sorted numbers, image times ``num_holders`` plus holder."""

    pairs: Numbers
    num_holders: int

    @classmethod
    def of(cls, holders: Numbers, shown: ShownImages) -> Self:
        num_holders = int(holders.max(initial=0)) + 1
        own = holders[shown.rows]
        return cls(np.unique(shown.images[own >= 0] * num_holders + own[own >= 0]), num_holders)

    def count(self, images: Numbers) -> Numbers:
        return self._start(images + 1) - self._start(images)

    def hold_both(self, ones: Numbers, others: Numbers) -> NDArray[np.bool_]:
        found = np.zeros(len(ones), dtype=np.bool_)
        start, count, number = self._start(ones), self.count(ones), 0
        active = np.flatnonzero(count)
        while len(active):
            sought = others[active] * self.num_holders + self.pairs[start[active] + number] % self.num_holders
            at = np.minimum(np.searchsorted(self.pairs, sought), len(self.pairs) - 1)
            found[active] |= self.pairs[at] == sought
            number += 1
            active = active[count[active] > number]
        return found

    def _start(self, images: Numbers) -> Numbers:
        return np.searchsorted(self.pairs, images * self.num_holders)
