"""The search for a test's images: by origin, file and pixels, and by the look of their views."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import numpy as np

from doctorsun.data.leak.contact import ImageContact, ImageLayer, Rows
from doctorsun.data.leak.origin import is_same_origin
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import Trace
from doctorsun.data.leak.views import CUTS, NUM_VIEWS, Grey, bits_apart, stacked, telling_views, views_of
from doctorsun.image.near import near_between
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture

UNLIKE_BITS = 100
"""Pictures whose fingerprints differ in more bits are not one picture, whatever their names are; chance gives 128."""

_MOST_FAILED_LOOKS = 32
_MOST_VIEWS = 512  # pictures, 48 KiB each
_MOST_TESTED_VIEWS = 16  # near pairs come by the test's pictures; 432 KiB each
_Holders = dict[tuple[str, bytes], list[tuple[int, int]]]


class ImageSearch:
    """Finds a test's images among traces of training samples.

    Args:
        tested: the test.
    """

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        seen = [number for number, image in enumerate(tested.images) if image.fingerprints]
        prints = stacked([tested.images[number].fingerprints for number in seen], NUM_VIEWS + len(CUTS))
        pictures, self._views_of = telling_views(prints)
        self._prints, self._images_of = prints[pictures, self._views_of], np.array(seen, dtype=np.int64)[pictures]
        self._views = lru_cache(maxsize=_MOST_TESTED_VIEWS)(tested.views)

    def look_through(self, traces: Sequence[Trace], rows: Rows) -> dict[int, dict[int, ImageContact]]:
        """Return by the place of a sample which images of the test it shows, by their numbers in `Tested`."""
        found: dict[int, dict[int, ImageContact]] = defaultdict(dict)
        for place, trace in enumerate(traces):
            for number in range(len(trace.images)):
                for image, layers in self._named(trace, number).items():
                    found[place].setdefault(image, ImageContact(number, layers, self._bits(image, trace, number)))
        for place, number, image, bits in self._near(traces, rows):
            found[place].setdefault(image, ImageContact(number, ("near",), bits))
        return found

    def is_other(self, image: int, trace: Trace, number: int) -> bool:
        """Say whether an image of a sample is known not to be this one of the test, by its look or else by its name."""
        bits, origin = self._bits(image, trace, number), trace.origins[number]
        if bits is not None:
            return bits > UNLIKE_BITS
        named = [each for each in self.tested.images[image].origins if origin and each[0] == origin[0]]
        return bool(named) and not any(is_same_origin(each, origin) for each in named)

    def _named(self, trace: Trace, number: int) -> dict[int, tuple[ImageLayer, ...]]:
        """Return the test's images that one image is by its origin or by a hash."""
        layers: dict[int, list[ImageLayer]] = defaultdict(list)
        for image in self.tested.of_origin(trace.origins[number]):
            bits = self._bits(image, trace, number)
            if bits is None or bits <= UNLIKE_BITS:
                layers[image].append("image_id")
        for image in self.tested.by_file.get(trace.images[number], ()):
            layers[image].append("file")
        for image in self.tested.by_pixels.get(trace.pixels[number], ()):
            layers[image].append("pixels")
        return {image: tuple(names) for image, names in layers.items()}

    def _bits(self, image: int, trace: Trace, number: int) -> int | None:
        return bits_apart(self.tested.images[image].fingerprints, trace.fingerprints[number])

    def _near(self, traces: Sequence[Trace], rows: Rows) -> Iterator[tuple[int, int, int, int]]:
        """Yield place, image number, image of the test and bits of pictures that are the same in another file."""
        holders: dict[tuple[str, bytes], list[tuple[int, int]]] = defaultdict(list)
        for place, trace in enumerate(traces):
            for number, (pixels, prints) in enumerate(zip(trace.pixels, trace.fingerprints, strict=True)):
                if prints:
                    holders[pixels, prints].append((place, number))
        for image, (pixels, prints), bits in self._same(holders, rows):
            yield from ((place, number, image, bits) for place, number in holders[pixels, prints])

    def _same(self, holders: _Holders, rows: Rows) -> Iterator[tuple[int, tuple[str, bytes], int]]:
        """Yield image of the test, picture and bits where fingerprints of any two views are near and pixels agree."""
        theirs = list(holders)
        prints = stacked([each for _, each in theirs], NUM_VIEWS)
        pictures, views = telling_views(prints)
        queries, others, apart = near_between(self._prints, prints[pictures, views])
        nearest = np.lexsort((apart, self._images_of[queries]))  # of each image of the test first
        failed: Counter[int] = Counter()
        found: set[tuple[int, int]] = set()
        look = lru_cache(maxsize=_MOST_VIEWS)(partial(_views, rows))
        for query, other, bits in zip(*(each[nearest].tolist() for each in (queries, others, apart)), strict=True):
            image, picture = int(self._images_of[query]), int(pictures[other])
            is_known = theirs[picture][0] == self.tested.images[image].pixels or (image, picture) in found
            if is_known or failed[image] >= _MOST_FAILED_LOOKS:
                continue
            seen = look(*holders[theirs[picture]][0])
            if seen and is_same_picture(self._views(image)[self._views_of[query]], seen[views[other]]):
                found.add((image, picture))
                yield image, theirs[picture], bits
            else:
                failed[image] += 1


def _views(rows: Rows, place: int, number: int) -> tuple[Grey, ...]:
    """Return the views of a training sample's image; none where it is not here any more."""
    data = rows.picture(place, number)
    return views_of(decode(data)) if data is not None else ()
