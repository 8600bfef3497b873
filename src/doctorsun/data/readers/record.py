"""Record: one annotated image in a data set's own words, before an adapter says what they mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.convert.annotation import HumanText, Picture
from doctorsun.data.readers.item import Dropped
from doctorsun.image.geometry import Box
from doctorsun.schema import ImageFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something marked on an image; attributes as of `AnnotatedObject`, the label as the data set spells it."""

    label: str
    box_px: Box
    mask: NDArray[np.bool_] | None = None
    slices: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One image with its annotations.

    Attributes:
        original_id: the data set's own name of it.
        fields: what its path, its row and its headers tell, by name: split, patient, view and so on.
        labels: the data set's label to whether it holds; one that is not listed is not known.
        plane: ontology id, where the geometry of the file tells it.
    """

    original_id: str
    picture: Picture
    fields: dict[str, str] = field(default_factory=dict[str, str])
    acquisition: ImageFacts = field(default_factory=ImageFacts)
    plane: str = ""
    labels: dict[str, bool] = field(default_factory=dict[str, bool])
    marks: tuple[Mark, ...] = ()
    texts: tuple[HumanText, ...] = ()


class AnnotationReader(Protocol):
    """The reader section of an adapter: settings that know how to list and read a folder of annotated images."""

    def pending(self, root: Path) -> Iterator[Any]:
        """Yield what each source item is read from: small, picklable, always in the same order.

        Raises:
            DataError: the folder is not as the adapter says.
        """
        ...

    def read(self, pending: Any, root: Path) -> Sequence[Record] | Dropped:
        """Read one source item: an image, or a volume with several slices; at least one record.

        Raises:
            DataError: a file is not as the adapter says; a damaged or missing file is a `Dropped` instead.
        """
        ...
