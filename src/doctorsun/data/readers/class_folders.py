"""Reader of images that lie in a folder per class."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from doctorsun.config.section import Section
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import PathPattern
from doctorsun.data.readers.picture_record import picture_record
from doctorsun.data.readers.record import Record


class ClassFolders(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["class_folders"]
    images: str
    """Pattern of the image files; its part ``{label}`` is the class. Without one, paths tell what the rules of the page
    ask of them, such as the modality."""

    def pending(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path below the root and the named parts of every image."""
        yield from PathPattern(self.images).listed(root)

    def read(self, pending: tuple[str, dict[str, str]], root: Path) -> Sequence[Record] | Dropped:
        """Read one image with its class."""
        name, fields = pending
        record = picture_record(root / name, name, fields)
        if isinstance(record, Dropped):
            return record
        return (replace(record, labels={fields["label"]: True} if "label" in fields else {}),)
