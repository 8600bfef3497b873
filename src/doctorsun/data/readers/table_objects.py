"""Objects in columns of a table: boxes, and masks in files that a column names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from doctorsun.config.section import Section
from doctorsun.data.readers.agreement import Drawn, agreed_labels, agreed_marks
from doctorsun.data.readers.box_form import BoxForm, box_from
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import file_of
from doctorsun.data.readers.marks import cut_to_picture, marks_of_mask, placed
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.record import Mark
from doctorsun.data.readers.table_rows import Row
from doctorsun.errors import DataError, ImageError
from doctorsun.image.geometry import Box
from doctorsun.image.mask_file import Channel, read_mask


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture that rows are about: its name, the folder of the data set, and (height, width)."""

    original_id: str
    root: Path
    size: tuple[int, int]


class RowMask(Section):
    """The mask file of a row."""

    file: str
    """Template of its path; a row in which a part of it is empty has none."""
    threshold: int | None = None
    """The value above which a pixel is marked; files that are compressed with loss need one."""
    channel: Channel = "value"
    covers: Literal["picture", "box"] = "picture"
    """Whether it is as large as the picture, or as the box, where it lies."""

    def is_in(self, row: Row) -> bool:
        """Return whether a row has a mask."""
        return all(row.get(name, "?") for name in re.findall(r"\{([^{}]+)\}", self.file))

    def mark(self, label: str, box: Box | None, row: Row, shown: Shown) -> Mark | Dropped:
        """Return what the mask marks.

        Raises:
            DataError: its template names an unknown column.
        """
        path = file_of(self.file, row, shown.root, shown.original_id)
        if isinstance(path, Dropped):
            return path
        try:
            mask = read_mask(path, channel=self.channel, threshold=self.threshold) > 0
        except ImageError as error:
            return Dropped(shown.original_id, "mask", error.text())
        if self.covers == "box":
            whole = placed(mask, (round(box[0]), round(box[1])), shown.size) if box else None
        else:
            whole = mask if mask.shape == shown.size else None
        if whole is None:
            height, width = shown.size
            detail = f"{path.name} {mask.shape[1]} x {mask.shape[0]}, picture {width} x {height}"
            return Dropped(shown.original_id, "size_mismatch", detail)
        marks = marks_of_mask(whole.astype(np.int64), label, "one")
        return marks[0] if marks else Dropped(shown.original_id, "mask", f"{path.name} is empty")


class ObjectColumns(Section):
    """Where a row has an object; one without box and mask says only that its label is there."""

    label: str
    """Template of the label; a row where it is empty has no object."""
    box: tuple[str, str, str, str] | None = None
    """The four columns of the box; a row has none where all are empty."""
    form: BoxForm = BoxForm()
    """How the box is written."""
    mask: RowMask | None = None
    person: str = ""
    """Column that tells who drew the object, where several people read each picture on their own."""
    votes: Annotated[int, Field(ge=1)] = 1
    """How many people must have drawn an object in about one place, all where there are fewer; its box is the mean of
    theirs."""

    def of_rows(self, rows: Sequence[Row], shown: Shown) -> tuple[list[Mark], dict[str, bool]] | Dropped:
        """Return the objects of a picture, and the labels that its rows name.

        Raises:
            DataError: a column is missing or holds no number.
        """
        named: list[tuple[str, str]] = []
        drawn: list[Drawn] = []
        for row in rows:
            label, person = filled(self.label, row).strip(), row.get(self.person, "")
            if label:
                named.append((person, label))
                found = self._mark(label, row, shown)
                if isinstance(found, Dropped):
                    return found
                drawn += [(person, found)] if found else []
        votes = min(self.votes, len({person for person, _ in named}))
        marks = agreed_marks(drawn, votes) if self.votes > 1 else [mark for _, mark in drawn]
        return marks, dict.fromkeys(agreed_labels(named, votes), True)

    def _mark(self, label: str, row: Row, shown: Shown) -> Mark | Dropped | None:
        box = self._box(row, shown)
        if self.mask is not None and self.mask.is_in(row):
            return self.mask.mark(label, box, row, shown)
        if box is None:
            return None
        cut = cut_to_picture(box, shown.size)
        if cut is None:
            height, width = shown.size
            where = " ".join(f"{value:g}" for value in box)
            return Dropped(shown.original_id, "box", f"{label} at {where} in a picture of {width} x {height}")
        return Mark(label=label, box_px=cut)

    def _box(self, row: Row, shown: Shown) -> Box | None:
        texts = [filled(f"{{{name}}}", row).strip() for name in self.box or ()]
        if not any(texts):
            return None
        try:
            a, b, c, d = (float(text) for text in texts)
        except ValueError as error:
            raise DataError(
                f"box of {shown.original_id}", got=", ".join(map(repr, texts)), expected="four numbers"
            ) from error
        return box_from((a, b, c, d), self.form, shown.size)
