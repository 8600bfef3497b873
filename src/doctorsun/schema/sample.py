"""Sample: the one record shared by training, evaluation and serving."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from doctorsun.schema.answer import Answer
from doctorsun.schema.message import Message
from doctorsun.schema.provenance import Deidentification, Groups, MadeBy, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    r"""What the acquisition tells of an image; None where it is not known.

    Attributes:
        spacing_mm: (row, column) distance between pixel centres in millimetres.
        window: (centre, width) in the unit of the stored values, for example Hounsfield units.
        slice: index of the slice in its series, or of the frame in its file.
        orientation: patient direction of columns then rows, such as ``L\\P`` (DICOM Patient Orientation).
    """

    spacing_mm: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    slice: int | None = None
    orientation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One encoded image (PNG or JPEG bytes), or a reference to one that is not here (bytes is None)."""

    bytes: bytes | None
    sha256: str
    width: int
    height: int
    path: str = ""
    facts: ImageFacts = field(default_factory=ImageFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A labelled box in absolute pixels: x0, y0 inclusive, x1, y1 exclusive; ``image`` is the image's index."""

    label: str
    box_px: tuple[float, float, float, float]
    image: int = 0


VariantKind = Literal["translation", "paraphrase", "negation", "rotation", "injection", "neutral"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The sample that this one says again, and how: an injection tells to answer wrongly, neutral words nothing."""

    of: str
    kind: VariantKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question with its images and, where known, its answer; or one document (a lone assistant message).

    Attributes:
        task: the question type, ``family`` or ``family:finding`` (``modality``, ``presence:nodule``, ``side:cyst``).
        labels: ontology ids that are true of the images.
        facts: JSON of the facts that the words were made from.
    """

    id: str
    messages: tuple[Message, ...]
    source: Source
    images: tuple[Image, ...] = ()
    answer: Answer | None = None
    rejected: tuple[str, ...] = ()
    variant: Variant | None = None
    language: Literal["zh", "en", "mixed"] = "en"
    domain: Literal["medical", "general"] = "medical"
    task: str = ""
    modality: str = ""
    anatomy: str = ""
    department: str = ""
    labels: tuple[str, ...] = ()
    objects: tuple[Object, ...] = ()
    facts: str = ""
    groups: Groups = field(default_factory=Groups)
    made_by: MadeBy = field(default_factory=MadeBy)
    deidentification: Deidentification = field(default_factory=Deidentification)


def sample_id(dataset: str, original_id: str, language: str, template: str = "") -> str:
    """Return the stable id of a sample: 16 hexadecimal digits of a SHA-256 over its origin."""
    key = f"{dataset}\x1f{original_id}\x1f{language}\x1f{template}"
    return hashlib.sha256(key.encode()).hexdigest()[:16]
