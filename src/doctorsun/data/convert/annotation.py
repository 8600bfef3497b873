"""AnnotatedImage: what every annotated data set becomes, drawn or real."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.ontology.terms import Language
from doctorsun.image.geometry import Box
from doctorsun.schema import Answer, Deidentification, Groups, Image, ImageFacts, Source

Picture = NDArray[np.uint8] | Image
"""Pixels [height, width] or [height, width, 3] that a store keeps as PNG, or a picture file's own bytes, kept as is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedObject:
    """Something marked on an image: a finding, or a reference region such as ``left_lung``.

    Attributes:
        label: id of the ontology's findings, which hold structures and instruments too.
        box_px: x0, y0, x1, y1 in pixels.
        mask: [height, width], where the data set has one.
        slices: first and last slice of the volume on which it is marked, where the image is a slice of one.
    """

    label: str
    box_px: Box
    mask: NDArray[np.bool_] | None = None
    slices: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanText:
    """Words that people wrote about an image.

    Attributes:
        kind: ``question`` has a question and its answer; the others are the text alone.
        text: the caption, the report or the answer.
        answer: the truth of a question that can be scored.
        task: the question type, where the data set tells it.
    """

    kind: Literal["caption", "report", "question"]
    language: Language
    text: str
    question: str = ""
    answer: Answer | None = None
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedImage:
    """One image with its annotations, before any words are made from them.

    Attributes:
        modality: ontology id, as are plane, anatomy and department; empty where not known.
        labels: finding id to whether it is present; a finding that is not listed is not known.
        incomplete: labels of which there may be more than the marked objects.
        attributes: further facts of the image, such as ``laterality``.
        counts: how many there are of things that are not marked one by one.
        texts: what people wrote about it.
        vocabulary: all labels that the data set uses; empty where that is not known.
    """

    original_id: str
    picture: Picture
    source: Source
    acquisition: ImageFacts = field(default_factory=ImageFacts)
    modality: str = ""
    plane: str = ""
    anatomy: str = ""
    department: str = ""
    labels: dict[str, bool] = field(default_factory=dict[str, bool])
    objects: tuple[AnnotatedObject, ...] = ()
    incomplete: frozenset[str] = frozenset()
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    texts: tuple[HumanText, ...] = ()
    vocabulary: frozenset[str] = frozenset()
    groups: Groups = field(default_factory=Groups)
    deidentification: Deidentification = field(default_factory=Deidentification)
