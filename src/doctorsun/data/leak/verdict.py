"""The verdict: which contacts of training samples with a test are leaks, row by row."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from doctorsun.data.leak.contact import IMAGE_LAYERS, Contact, ImageContact, TextContact
from doctorsun.data.leak.tested import Question, Tested

Layer = Literal["image_id", "file", "pixels", "near", "question"]
LAYERS: tuple[Layer, ...] = (*IMAGE_LAYERS, "question")
"""Kinds of evidence, the strongest first."""
MOST_IMAGES = 3
"""A question that training asks about more images is a template: it tells nothing of the test's image."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One training sample that gives away one question of a test.

    Attributes:
        row: place of the sample in its store.
        layers: all evidence, the strongest first; ``question`` only where the words count alone.
        bits: in which the fingerprints of the images differ, of 256; None where one is not known.
        words: how far the sample says the question, too; empty where it does not.
        share: of the question's runs of 13 words or characters that the sample holds; None where not counted.
        number: of the sample's image that is the test's; None where the words alone tell.
        tested_image: the test's image, by its number in `Tested`; None where the words alone tell.
    """

    row: int
    sample: str
    question: int
    layers: tuple[Layer, ...]
    bits: int | None
    words: str
    share: float | None
    number: int | None = None
    tested_image: int | None = None

    @property
    def layer(self) -> Layer:
        """The strongest evidence."""
        return self.layers[0]


class Verdict:
    """Collects contacts of any number of parts; what a leak is, is known when all have been seen.

    Args:
        tested: the test.
    """

    def __init__(self, tested: Tested) -> None:
        self.tested = tested
        self._contacts: list[tuple[int, Contact]] = []
        self._shown_with: dict[int, set[str]] = defaultdict(set)
        self._templates = {
            number
            for number, text in enumerate(tested.texts)
            if len({tested.questions[question].images for question in text.questions}) > 1
        }

    def add(self, contacts: Sequence[Contact], first: int = 0) -> None:
        """Add the contacts of one part.

        Args:
            contacts: of the part's samples.
            first: place of the part's first sample in the store.
        """
        for contact in contacts:
            telling = [number for number, said in contact.texts.items() if self._is_telling(number, said)]
            if contact.images or telling:
                self._contacts.append((first, contact))
            for number in telling:
                if contact.shows and len(self._shown_with[number]) <= MOST_IMAGES:
                    self._shown_with[number].add(contact.shows)

    def leaks(self) -> Iterator[Leak]:
        """Yield every leak, by the order of the samples: one for each sample and question."""
        for first, contact in self._contacts:
            found: dict[int, Leak] = {}
            for image, seen in contact.images.items():
                for number in self.tested.images[image].questions:
                    leak = self._shown(first, contact, image, seen, number)
                    if number not in found or _rank(leak) < _rank(found[number]):
                        found[number] = leak
            for text, said in contact.texts.items():
                if self._counts_alone(text, said):
                    for number in self.tested.texts[text].questions:
                        found.setdefault(number, self._said(first, contact, number, said))
            yield from (found[number] for number in sorted(found))

    def worst(self) -> dict[int, Leak]:
        """Return the strongest leak of each sample, by its place."""
        found: dict[int, Leak] = {}
        for leak in self.leaks():
            if leak.row not in found or _rank(leak) < _rank(found[leak.row]):
                found[leak.row] = leak
        return found

    def question(self, leak: Leak) -> Question:
        """Return the question that a leak gives away."""
        return self.tested.questions[leak.question]

    def _shown(self, first: int, contact: Contact, image: int, seen: ImageContact, number: int) -> Leak:
        text = self.tested.questions[number].text
        said = contact.texts.get(text)
        layers: tuple[Layer, ...] = seen.layers
        if said and self._counts_alone(text, said):
            layers = (*layers, "question")
        words, share = (said.degree, said.share) if said else ("", None)
        row = first + contact.place
        return Leak(row, contact.id, number, layers, seen.bits, words, share, seen.number, image)

    def _said(self, first: int, contact: Contact, number: int, said: TextContact) -> Leak:
        return Leak(first + contact.place, contact.id, number, ("question",), None, said.degree, said.share)

    def _is_telling(self, text: int, said: TextContact) -> bool:
        """Say whether words are long enough to count alone, and asked about one image, which may be the sample's."""
        is_long = said.share is not None or self.tested.texts[text].has_long_stem
        return is_long and text not in self._templates and not said.is_of_another_image

    def _counts_alone(self, text: int, said: TextContact) -> bool:
        return self._is_telling(text, said) and len(self._shown_with[text]) <= MOST_IMAGES


def _rank(leak: Leak) -> int:
    return LAYERS.index(leak.layer)
