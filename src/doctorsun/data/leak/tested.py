"""The questions of a test, indexed by all that they and their images can be known by."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.leak.origin import Origin, is_same_origin
from doctorsun.data.leak.question import form_digests, question_of, stem_of, text_digest
from doctorsun.data.leak.trace import Look, Trace, traced
from doctorsun.data.leak.views import Grey, fingerprints_of, tested_views
from doctorsun.image.raster import decode
from doctorsun.schema import Sample
from doctorsun.text.grams import GRAM_UNITS, gram_hashes, units

MOST_OWNERS = 4
"""A run of words that more questions of a test have in common belongs to none of them: it is an instruction."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a test; its words and its images by their numbers in `Tested`."""

    id: str
    place: int
    text: int
    images: tuple[int, ...]


@dataclass(slots=True)
class TestedImage:
    """One image of a test, whatever the number of questions about it.

    Attributes:
        place: of a sample that shows it, and the image's number there.
        fingerprints: of its views (`tested_views`), 32 bytes each; empty where it cannot be seen.
        origins: data set and path, by each sample that shows it.
    """

    place: tuple[int, int]
    sha256: str
    pixels: str
    fingerprints: bytes
    origins: set[Origin] = field(default_factory=set[Origin])
    questions: list[int] = field(default_factory=list[int])

    @property
    def name(self) -> str:
        """Data set and path, where they are known."""
        return "/".join(min(self.origins, default=()))


@dataclass(slots=True)
class TestedText:
    """The words of a question, whatever the number of images that they are asked about.

    Attributes:
        grams: hashes of the runs of 13 units that are its own; none of a short text.
        has_long_stem: it has 13 units even without the options that are listed below it.
    """

    words: str
    grams: NDArray[np.uint64]
    has_long_stem: bool
    questions: list[int] = field(default_factory=list[int])


class Samples(Protocol):
    """The questions of a test with their images: a store, or a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> Sample: ...
    def __iter__(self) -> Iterator[Sample]: ...


class Tested:
    """A test.

    Args:
        name: of the task.
        samples: the questions; the bytes of their images are read again for a second look.
    """

    def __init__(self, name: str, samples: Samples) -> None:
        self.name = name
        self.samples = samples
        self.questions: list[Question] = []
        self.images: list[TestedImage] = []
        self.texts: list[TestedText] = []
        self.by_digest: dict[bytes, int] = {}
        self.by_form: dict[bytes, list[int]] = defaultdict(list)
        self.by_file: dict[str, list[int]] = defaultdict(list)
        self.by_pixels: dict[str, list[int]] = defaultdict(list)
        self._by_path: dict[Origin, list[int]] = defaultdict(list)
        self._by_ending: dict[Origin, list[int]] = defaultdict(list)
        self._by_key: dict[object, int] = {}
        known: dict[str, Look] = {}
        for place, sample in enumerate(samples):
            self._add(place, sample, traced(sample, known))
        self.by_gram = GramIndex([text.grams for text in self.texts])
        for text, own in zip(self.texts, self.by_gram.own, strict=True):
            text.grams = own

    def of_origin(self, origin: Origin) -> list[int]:
        """Return the images that are the same image of the same data set."""
        path = origin[1:]  # one path ends the other
        found = [*self._by_ending.get(path, ())]
        for start in range(1, len(path)):
            found += self._by_path.get(path[start:], ())
        return [
            image
            for image in dict.fromkeys(found)
            if any(is_same_origin(each, origin) for each in self.images[image].origins)
        ]

    def views(self, image: int) -> tuple[Grey, ...]:
        """Return the views of an image that can be seen, for a second look; it is read again."""
        place, number = self.images[image].place
        return _views(self.samples[place], number)

    def _add(self, place: int, sample: Sample, trace: Trace) -> None:
        question = len(self.questions)
        text = self._text(question_of(sample))
        images = tuple(self._image(place, number, sample, trace) for number in range(len(sample.images)))
        self.texts[text].questions.append(question)
        for image in dict.fromkeys(images):
            self.images[image].questions.append(question)
        self.questions.append(Question(sample.id, place, text, images))

    def _text(self, words: str) -> int:
        digest = text_digest(words)
        if digest not in self.by_digest:
            number = self.by_digest[digest] = len(self.texts)
            has_long_stem = len(units(stem_of(words))) >= GRAM_UNITS
            self.texts.append(TestedText(words, gram_hashes(words), has_long_stem))
            for form in form_digests(words):
                self.by_form[form].append(number)
        return self.by_digest[digest]

    def _image(self, place: int, number: int, sample: Sample, trace: Trace) -> int:
        sha256, origin = trace.images[number], trace.origins[number]
        key = sha256 or origin or (place, number)
        if key not in self._by_key:
            found = self._by_key[key] = len(self.images)
            prints = fingerprints_of(_views(sample, number)) if trace.fingerprints[number] else b""
            image = TestedImage((place, number), sha256, trace.pixels[number], prints)
            self.images.append(image)
            if sha256:
                self.by_file[sha256].append(found)
            if image.pixels:
                self.by_pixels[image.pixels].append(found)
        found = self._by_key[key]
        if origin and origin not in self.images[found].origins:
            self.images[found].origins.add(origin)
            self._by_path[origin[1:]].append(found)
            for start in range(1, len(origin)):
                self._by_ending[origin[start:]].append(found)
        return found


def _views(sample: Sample, number: int) -> tuple[Grey, ...]:
    return tested_views(decode(sample.images[number].bytes or b""))


class GramIndex:
    """Which texts have a run of words, by the lower half of its hash.

    Args:
        grams: of each text.
    """

    def __init__(self, grams: Sequence[NDArray[np.uint64]]) -> None:
        empty = np.empty(0, dtype=np.uint64)
        every, counts = np.unique(np.concatenate([*grams, empty]), return_counts=True)
        shared = every[counts > MOST_OWNERS]
        self.own = [each[~np.isin(each, shared)] for each in grams]
        owners = np.repeat(np.arange(len(grams)), [len(each) for each in self.own])
        halves = np.concatenate([*self.own, empty]).astype(np.uint32)
        order = np.argsort(halves, kind="stable")
        self._halves, self._owners = halves[order], owners[order]

    def candidates(self, halves: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places in ``halves`` of those that texts have, and these texts; a half of several stands often."""
        first = np.searchsorted(self._halves, halves, "left")
        num = np.searchsorted(self._halves, halves, "right") - first
        places = np.repeat(np.arange(len(halves)), num)
        within = np.arange(len(places)) - np.repeat(np.cumsum(num) - num, num)
        return places, self._owners[np.repeat(first, num) + within]
