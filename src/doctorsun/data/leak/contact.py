"""What a training sample has in common with a test, and what reads the sample again."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

ImageLayer = Literal["image_id", "file", "pixels", "near"]
IMAGE_LAYERS: tuple[ImageLayer, ...] = ("image_id", "file", "pixels", "near")
"""Kinds of evidence that an image is one of the test's, the strongest first."""
TextDegree = Literal["exact", "form", "grams"]


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
