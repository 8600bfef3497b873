"""The search: traces of training samples against the questions of a test, by every layer of evidence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Literal, Protocol

import numpy as np

from doctorsun.data.leak.origin import Origin, is_same_origin
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import Trace
from doctorsun.data.leak.views import MARGINS, NUM_VIEWS, Grey, bits_apart, stacked, telling_views, views_of
from doctorsun.image.near import near_between
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture
from doctorsun.text.grams import gram_hashes

ImageLayer = Literal["image_id", "file", "pixels", "near"]
IMAGE_LAYERS: tuple[ImageLayer, ...] = ("image_id", "file", "pixels", "near")
"""Kinds of evidence that an image is one of the test's, the strongest first."""
TextDegree = Literal["exact", "form", "grams"]
LEAST_SHARE = 0.3
"""A text repeats a question when it holds at least this share of the question's runs of 13 words or characters.

Among six real examinations and 63,000 texts of other sets, pairs that share less than 0.2 merely list the same options
or begin like the same kind of case; pairs from 0.3 on are one question in two wordings.
"""
UNLIKE_BITS = 100
"""Pictures whose fingerprints differ in more bits are not one picture, whatever their names are; chance gives 128."""

_MOST_FAILED_LOOKS = 32
_MOST_VIEWS = 512  # pictures, 50 to 110 KiB each
_Holders = dict[tuple[str, bytes], list[tuple[int, int]]]


class Rows(Protocol):
    """Reads again what few samples hold, by their places among the traces."""

    def picture(self, place: int, number: int) -> bytes | None:
        """Return an encoded image; None where it is not here."""
        ...

    def words(self, place: int) -> str:
        """Return the text of all turns, one per line."""
        ...


@dataclass(frozen=True, slots=True)
class ImageContact:
    """A training sample shows an image of the test.

    Attributes:
        number: of the image in the sample.
        layers: all that tell so, the strongest first.
        bits: in which the fingerprints differ, in the view where they differ least; None where one is not known.
    """

    number: int
    layers: tuple[ImageLayer, ...]
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class TextContact:
    """A training sample says a question of the test.

    Attributes:
        degree: exact: word for word; form: but for case, articles, punctuation and options, or as a line of a longer
            text; grams: much of it.
        share: of the question's own runs of 13 units that the sample holds; None where it was not counted.
        is_of_another_image: the question is about an image, and the sample shows others, as their names or looks tell.
    """

    degree: TextDegree
    share: float | None = None
    is_of_another_image: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """All that one training sample has in common with a test; images and texts by their numbers in `Tested`.

    Attributes:
        shows: names the sample's first image; empty where it has none.
    """

    place: int
    id: str
    shows: str
    images: dict[int, ImageContact] = field(default_factory=dict[int, ImageContact])
    texts: dict[int, TextContact] = field(default_factory=dict[int, TextContact])


class LeakSearch:
    """Finds a test's images and questions among traces of training samples, which come in any number of parts.

    Args:
        tested: the questions.
    """

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        seen = [number for number, image in enumerate(tested.images) if image.fingerprints]
        prints = stacked([tested.images[number].fingerprints for number in seen], NUM_VIEWS + len(MARGINS))
        pictures, self._views_of = telling_views(prints)
        self._prints, self._images_of = prints[pictures, self._views_of], np.array(seen, dtype=np.int64)[pictures]
        self._views = lru_cache(maxsize=_MOST_VIEWS)(tested.views)

    def look_through(self, traces: Sequence[Trace], rows: Rows) -> list[Contact]:
        """Return what each of these training samples has in common with the test; nothing of those without.

        Args:
            traces: of the samples.
            rows: reads the samples again, by their places in ``traces``; asked only where fingerprints are near or
                runs of words seem equal, for a second look.
        """
        shown = self._images(traces, rows)
        said = self._texts(traces, rows)
        return [
            Contact(place, traces[place].id, _shown(traces[place]), shown.get(place, {}), said.get(place, {}))
            for place in sorted(shown.keys() | said.keys())
        ]

    def _images(self, traces: Sequence[Trace], rows: Rows) -> dict[int, dict[int, ImageContact]]:
        found: dict[int, dict[int, ImageContact]] = defaultdict(dict)
        for place, trace in enumerate(traces):
            for number in range(len(trace.images)):
                for image, layers in self._named(trace, number).items():
                    found[place].setdefault(image, ImageContact(number, layers, self._bits(image, trace, number)))
        for place, number, image, bits in self._near(traces, rows):
            found[place].setdefault(image, ImageContact(number, ("near",), bits))
        return found

    def _named(self, trace: Trace, number: int) -> dict[int, tuple[ImageLayer, ...]]:
        """Return the test's images that one image is by its origin or by a hash."""
        layers: dict[int, list[ImageLayer]] = defaultdict(list)
        for image in self._of_origin(trace.origins[number]):
            bits = self._bits(image, trace, number)
            if bits is None or bits <= UNLIKE_BITS:
                layers[image].append("image_id")
        for image in self.tested.by_file.get(trace.images[number], ()):
            layers[image].append("file")
        for image in self.tested.by_pixels.get(trace.pixels[number], ()):
            layers[image].append("pixels")
        return {image: tuple(names) for image, names in layers.items()}

    def _of_origin(self, origin: Origin) -> list[int]:
        images = self.tested.by_file_name.get(origin[-1], ()) if origin else ()
        return [
            image
            for image in dict.fromkeys(images)
            if any(is_same_origin(each, origin) for each in self.tested.images[image].origins)
        ]

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
        near = near_between(self._prints, prints[pictures, views])
        failed: Counter[int] = Counter()
        found: set[tuple[int, int]] = set()
        look = lru_cache(maxsize=_MOST_VIEWS)(partial(_views, rows))
        for query, other, bits in zip(*(column.tolist() for column in near), strict=True):
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

    def _texts(self, traces: Sequence[Trace], rows: Rows) -> dict[int, dict[int, TextContact]]:
        found: dict[int, dict[int, TextContact]] = defaultdict(dict)
        for place, text, share in self._repeated(traces, rows):
            found[place][text] = TextContact("grams", share)
        for place, trace in enumerate(traces):
            for degree, texts in self._worded(trace):
                for text in texts:
                    before = found[place].get(text) if place in found else None
                    found[place][text] = TextContact(degree, before.share if before else None)
        for place, texts in found.items():
            for text, said in texts.items():
                if traces[place].images and self._is_of_another_image(text, traces[place]):
                    texts[text] = replace(said, is_of_another_image=True)
        return found

    def _is_of_another_image(self, text: int, trace: Trace) -> bool:
        images = self.tested.questions[self.tested.texts[text].questions[0]].images
        return bool(images) and all(
            self._is_other(image, trace, number) for image in images for number in range(len(trace.images))
        )

    def _is_other(self, image: int, trace: Trace, number: int) -> bool:
        bits, origin = self._bits(image, trace, number), trace.origins[number]
        if bits is not None:
            return bits > UNLIKE_BITS
        named = [each for each in self.tested.images[image].origins if origin and each[0] == origin[0]]
        return bool(named) and not any(is_same_origin(each, origin) for each in named)

    def _worded(self, trace: Trace) -> Iterator[tuple[TextDegree, Sequence[int]]]:
        tested = self.tested
        for digest in trace.forms:
            yield "form", tested.by_form.get(digest, ())
        for digest in trace.texts:
            yield "exact", [tested.by_digest[digest]] if digest in tested.by_digest else ()

    def _repeated(self, traces: Sequence[Trace], rows: Rows) -> Iterator[tuple[int, int, float]]:
        """Yield place, text of the test and share of its runs of words that the sample holds."""
        halves = np.frombuffer(b"".join(trace.grams for trace in traces), dtype="<u4")
        ends = np.cumsum([len(trace.grams) // 4 for trace in traces])
        places, texts = self.tested.by_gram.candidates(halves)
        pairs, num_equal = np.unique(
            np.stack([np.searchsorted(ends, places, "right"), texts]), axis=1, return_counts=True
        )
        for (place, text), num in zip(pairs.T.tolist(), num_equal.tolist(), strict=True):
            grams = self.tested.texts[text].grams
            if num < LEAST_SHARE * len(grams):
                continue
            share = float(np.isin(grams, gram_hashes(rows.words(place))).mean())
            if share >= LEAST_SHARE:  # halves of hashes are equal by chance now and then
                yield place, text, share


def _shown(trace: Trace) -> str:
    return (trace.images[0] or "/".join(trace.origins[0]) or trace.id) if trace.images else ""


def _views(rows: Rows, place: int, number: int) -> tuple[Grey, ...]:
    """Return the views of a training sample's image; none where it is not here any more."""
    data = rows.picture(place, number)
    return views_of(decode(data)) if data is not None else ()
