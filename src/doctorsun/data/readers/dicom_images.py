"""Reader of plain DICOM images: their headers tell what they show, and tables what people said of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from doctorsun.config.section import Section
from doctorsun.data.readers.dicom_listing import IDENTIFIERS, ListedFile, dicom_files, evenly, evenly_of_series
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table_labels import LabelColumns
from doctorsun.data.readers.table_rows import Join, Row
from doctorsun.data.readers.table_texts import TextColumns
from doctorsun.data.readers.volume_records import WindowName, named_window
from doctorsun.errors import ImageError
from doctorsun.image.picture import OpenedPicture, count_frames, open_picture

NO_PICTURE = np.zeros((1, 1), dtype=np.uint8)


class DicomImages(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["dicom_images"]
    images: str = "**/*"
    """Pattern of the files; those that are not DICOM are passed over, and so are directories of media (DICOMDIR)."""
    num_images: Annotated[int, Field(ge=1)] | None = None
    """How many files of a series become pictures, at even distances; all when not given."""
    num_frames: Annotated[int, Field(ge=1)] = 3
    """How many frames of a file of several become pictures, at even distances."""
    windows: tuple[WindowName, ...] = ()
    """CT windows by name, or (centre, width), for CT alone; each gives pictures of its own. Without any, the file's."""
    joins: tuple[Join, ...] = ()
    """Tables with a row for each image or examination."""
    labels: tuple[LabelColumns, ...] = ()
    texts: tuple[TextColumns, ...] = ()

    def pending(self, root: Path) -> Iterator[tuple[str, Row] | Dropped]:
        """Yield the path below the root and the fields of every DICOM file; one without its row is dropped."""
        tables = [join.table(root) for join in self.joins]
        files = dicom_files(root, self.images, read_headers=bool(self.joins or self.num_images))
        for file in evenly_of_series(files, self.num_images) if self.num_images else files:
            row: Row | None = _named(file)
            for table in tables:
                row = table.of_item(row) if row is not None else None
            if row is None:
                yield Dropped(file.name, "no_row", "of a joined table")
            else:
                yield file.name, {name: text for name, text in row.items() if name not in IDENTIFIERS}

    def read(self, pending: tuple[str, Row] | Dropped, root: Path) -> Sequence[Record] | Dropped:
        """Read the frames of one file; dropped as ``no_picture`` where it is a report, a segmentation and the like."""
        if isinstance(pending, Dropped):
            return pending
        name, row = pending
        said = self._said(name, row, root)
        if isinstance(said, Dropped):
            return said
        try:
            num_frames = count_frames(root / name)
            return [
                replace(said, original_id=place, **_told(opened, row, window))
                for frame in evenly(num_frames, self.num_frames)
                for place, opened, window in self._shown(root / name, name, frame, num_frames)
            ]
        except ImageError as error:
            from doctorsun.image.dicom import is_other_object

            return Dropped(name, "no_picture" if is_other_object(root / name) else "image", error.text())

    def _said(self, name: str, row: Row, root: Path) -> Record | Dropped:
        """Return a record without its picture: what the row of a file says."""
        found = [each.of_rows([row], name, root) for each in self.texts]
        dropped = next((each for each in found if isinstance(each, Dropped)), None)
        if dropped:
            return dropped
        texts = tuple(text for each in found if not isinstance(each, Dropped) for text in each)
        labels = {label: holds for each in self.labels for label, holds in each.of_rows([row], name).items()}
        return Record(original_id=name, picture=NO_PICTURE, labels=labels, texts=texts)

    def _shown(self, path: Path, name: str, frame: int, num_frames: int) -> Iterator[tuple[str, OpenedPicture, str]]:
        """Yield a frame by its own window, or by each of those asked for, with its id and the window's name."""
        place = f"{name}/frame-{frame}" if num_frames > 1 else name
        opened = open_picture(path, frame=frame)
        is_ct = opened.header["unit"] == "HU" and opened.facts.window is not None
        if not self.windows or not is_ct:
            yield place, opened, ""
            return
        for each in self.windows:
            window_name, window = named_window(each)
            ending = f"/{window_name}" if len(self.windows) > 1 else ""
            yield place + ending, open_picture(path, frame=frame, window=window), window_name


def _named(file: ListedFile) -> Row:
    return {"path": file.name} | file.identifiers | file.parts


def _told(opened: OpenedPicture, row: Row, window: str) -> dict[str, Any]:
    """Return the picture and what its header and its row tell; the row goes first."""
    header = opened.header
    person = header["patient"] or header["study"] or header["series"]  # so that a series never comes into two splits
    return {
        "picture": opened.picture,
        "acquisition": opened.facts,
        "fields": {**header, "patient": person, "window": window, **row},
        "plane": header["plane"],
    }
