"""Phantom: a drawn image with the generator's own record of what it drew."""

from dataclasses import dataclass

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.schema import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFinding:
    """What the generator meant to draw; side is the patient's, zone and size class are ontology ids."""

    name: str
    present: bool
    side: str = ""
    zone: str = ""
    count: int = 0
    size_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """An annotated image beside the truth it was drawn from; only tests compare the two."""

    image: AnnotatedImage
    truth: tuple[DrawnFinding, ...]


def drawn_source(dataset: str) -> Source:
    """Return the source record of a drawn data set; who asks for the image adds its id and split."""
    return Source(dataset=dataset, version="1", licence="Apache-2.0")
