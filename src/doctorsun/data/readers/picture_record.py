"""The bare record of a picture file, to which readers add what its annotations say."""

from collections.abc import Mapping
from pathlib import Path

from doctorsun.data.convert.annotation import Picture
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import file_of
from doctorsun.data.readers.record import Record
from doctorsun.errors import ImageError
from doctorsun.image.picture import open_picture
from doctorsun.schema import Image


def picture_record(path: Path, original_id: str, fields: Mapping[str, str]) -> Record | Dropped:
    """Open a picture; what its header says stands beside the fields, which go first.

    Returns:
        The record; dropped as ``image`` where the file cannot be shown.
    """
    try:
        opened = open_picture(path)
    except ImageError as error:
        return Dropped(original_id, "image", error.text())
    return Record(
        original_id=original_id,
        picture=opened.picture,
        acquisition=opened.facts,
        plane=opened.header.get("plane", ""),
        fields=opened.header | dict(fields),
    )


def item_picture(template: str, original_id: str, fields: Mapping[str, str], root: Path) -> Record | Dropped:
    """Open the picture that a template names; dropped as of `file_of` and `picture_record`.

    Raises:
        DataError: the template names an unknown field.
    """
    path = file_of(template, fields, root, original_id)
    return path if isinstance(path, Dropped) else picture_record(path, original_id, fields)


def size_of(picture: Picture) -> tuple[int, int]:
    """Return height and width in pixels."""
    if isinstance(picture, Image):
        return picture.height, picture.width
    return picture.shape[0], picture.shape[1]
