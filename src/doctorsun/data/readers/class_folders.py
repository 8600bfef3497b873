"""Reader of images that lie in a folder per class."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from doctorsun.config.section import Section
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import PathPattern
from doctorsun.data.readers.record import Record
from doctorsun.errors import ImageError
from doctorsun.image.raster import read_image_file


class ClassFolders(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["class_folders"]
    images: str
    """Pattern of the image files; its part ``{label}`` is the class."""

    def pending(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path below the root and the named parts of every image."""
        yield from PathPattern(self.images).listed(root)

    def read(self, pending: tuple[str, dict[str, str]], root: Path) -> Sequence[Record] | Dropped:
        """Read one image with its class."""
        name, fields = pending
        try:
            picture = read_image_file(root / name)
        except ImageError as error:
            return Dropped(name, "image", error.text())
        return (Record(original_id=name, picture=picture, fields=fields, labels={fields["label"]: True}),)
