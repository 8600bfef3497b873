"""AnnotatedImage: what every annotated data set becomes, drawn or real."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from doctorsun.image.geometry import Box
from doctorsun.schema import Groups, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedObject:
    """Something marked on an image: a finding, or a reference region such as ``left_lung``.

    Attributes:
        label: ontology id of a finding or a region.
        box_px: x0, y0, x1, y1 in pixels.
        mask: [height, width], where the data set has one.
    """

    label: str
    box_px: Box
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedImage:
    """One image with its annotations, before any words.

    Attributes:
        pixels: [height, width] or [height, width, 3].
        modality: ontology id, as are plane, anatomy and department; empty where not known.
        labels: finding id to whether it is present; a finding that is not listed is not known.
        attributes: further facts of the image, such as ``laterality``.
        counts: how many there are of things that are not marked one by one.
    """

    original_id: str
    pixels: NDArray[np.uint8]
    source: Source
    spacing_mm: tuple[float, float] | None = None
    window: tuple[float, float] | None = None
    modality: str = ""
    plane: str = ""
    anatomy: str = ""
    department: str = ""
    labels: dict[str, bool] = field(default_factory=dict[str, bool])
    objects: tuple[AnnotatedObject, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    groups: Groups = field(default_factory=Groups)
