"""Reader of pictures with masks in picture files of their own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import files_of
from doctorsun.data.readers.marks import Objects, marks_of_mask
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.picture_record import picture_record, size_of
from doctorsun.data.readers.record import Mark, Record
from doctorsun.errors import DataError, ImageError
from doctorsun.image.mask_file import Channel, read_mask


class MaskFiles(Section):
    """The masks of one kind, and what they mark; a mask that is empty says that its label is not there."""

    files: str
    """Template of the mask files of a picture; a part that the picture's path does not have is captured from the mask's
    own name, as ``{label}`` is in ``masks/{name}_{label}.png``. Stars stand for anything."""
    label: str = ""
    """What all that is not 0 shows; a template of fields such as ``{label}``."""
    values: dict[int, str] = Field(default_factory=dict)
    """What each value of a label map shows, in the place of ``label``."""
    threshold: int | None = None
    """The value above which a pixel is marked; files that are compressed with loss need one."""
    channel: Channel = "value"
    objects: Objects = "components"
    """Whether pixels that touch make an object, all of them are one, or each value is one."""
    min_pixels: Annotated[int, Field(ge=1)] = 1
    """Objects of fewer pixels are left out."""
    required: bool = True
    """Whether a picture without such a mask is dropped; if not, nothing is known of it."""

    @model_validator(mode="after")
    def _says_what_it_shows(self) -> "MaskFiles":
        if bool(self.label) == bool(self.values):
            raise ValueError("a mask has either a label or values")
        return self

    def of_item(
        self, original_id: str, fields: Mapping[str, str], root: Path, size: tuple[int, int]
    ) -> tuple[list[Mark], dict[str, bool]] | Dropped:
        """Return the marks of a picture of (height, width), and which labels its masks show.

        Raises:
            DataError: a label map has a value that ``values`` does not name, or ``label`` names an unknown field.
        """
        marks: list[Mark] = []
        labels: dict[str, bool] = {}
        files = files_of(self.files, fields, root)
        if not files and self.required:
            return Dropped(original_id, "no_file", f"no mask like {self.files}")
        for path, captured in files:
            try:
                mask = read_mask(path, channel=self.channel, threshold=self.threshold)
            except ImageError as error:
                return Dropped(original_id, "mask", error.text())
            if mask.shape != size:
                return Dropped(original_id, "size_mismatch", f"{path.name} {_by(mask.shape)}, picture {_by(size)}")
            for label, part in self._parts(mask, {**captured, **fields}, path):
                found = marks_of_mask(part, label, self.objects, self.min_pixels)
                marks += found
                if found or not part.any():  # of objects that are too small nothing is said
                    labels[label] = labels.get(label, False) or bool(found)
        return marks, labels

    def _parts(
        self, mask: NDArray[np.int64], fields: Mapping[str, str], path: Path
    ) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield the mask of each label."""
        if self.label:
            yield filled(self.label, fields), mask
            return
        unknown = sorted(set(np.unique(mask).tolist()) - set(self.values) - {0})
        if unknown:
            known = ", ".join(str(value) for value in self.values)
            raise DataError(
                f"{path}",
                got=f"the value {unknown[0]}",
                expected=f"0 or one of {known}",
                do=f"add the line '{unknown[0]}: LABEL' under values in the adapter",
            )
        for value, label in self.values.items():
            yield label, (mask == value).astype(np.int64)


class MaskImages(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["mask_images"]
    images: str
    """Pattern of the pictures; its named parts become fields."""
    masks: Annotated[tuple[MaskFiles, ...], Field(min_length=1)]
    label: str = ""
    """A label that holds for the whole picture: a template of fields such as ``{label}``."""

    def pending(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path below the root and the named parts of every picture."""
        yield from PathPattern(self.images).listed(root)

    def read(self, pending: tuple[str, dict[str, str]], root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with its masks."""
        name, fields = pending
        record = picture_record(root / name, name, fields)
        if isinstance(record, Dropped):
            return record
        marks: list[Mark] = []
        labels: dict[str, bool] = {}
        for masks in self.masks:
            found = masks.of_item(name, fields, root, size_of(record.picture))
            if isinstance(found, Dropped):
                return found
            marks += found[0]
            labels |= {label: shown or labels.get(label, False) for label, shown in found[1].items()}
        if self.label:
            labels[filled(self.label, fields)] = True
        return (replace(record, marks=tuple(marks), labels=labels),)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape[::-1])
