"""Reader of YOLO labels: a text file per picture, a line per object (https://docs.ultralytics.com/datasets/)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.box_form import BoxForm, box_from
from doctorsun.data.readers.encoding import read_text
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.marks import cut_to_picture
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.picture_record import picture_record, size_of
from doctorsun.data.readers.record import Mark, Record
from doctorsun.errors import DataError
from doctorsun.image.geometry import box_of_mask
from doctorsun.image.polygon import fill_polygon

_FORM = BoxForm(numbers="center_and_size", unit="share")
_NUM_OF_BOX = 4
_NUM_OF_TRIANGLE = 6


class Yolo(Section):
    """Settings of the reader, and the reader; a picture without a label file has no objects."""

    kind: Literal["yolo"]
    images: str
    """Pattern of the pictures, such as ``images/{split}/{name}.jpg``; its named parts become fields."""
    labels: str
    """Template of a picture's label file, such as ``labels/{split}/{name}.txt``."""
    names: tuple[str, ...] = ()
    """Names of the classes in the order of their numbers."""
    names_file: str = ""
    """The data set's own YAML file with ``names``, in their place."""

    @model_validator(mode="after")
    def _has_names(self) -> "Yolo":
        if bool(self.names) == bool(self.names_file):
            raise ValueError("the classes have either names or a names_file")
        return self

    def pending(self, root: Path) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield the path below the root and the named parts of every picture."""
        yield from PathPattern(self.images).listed(root)

    def read(self, pending: tuple[str, dict[str, str]], root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with its objects."""
        name, fields = pending
        record = picture_record(root / name, name, fields)
        if isinstance(record, Dropped):
            return record
        path = root / filled(self.labels, fields)
        try:
            lines = read_text(path).splitlines() if path.is_file() else []
        except DataError as error:
            return Dropped(name, "annotation", error.text())
        names = dict(enumerate(self.names)) or _names(root / self.names_file)
        marks: list[Mark] = []
        for number, line in enumerate(lines, start=1):
            if line.strip():
                mark = _mark(line, names, size_of(record.picture), f"{path}, line {number}")
                if mark is None:
                    return Dropped(name, "annotation", f"{path.name}, line {number}: {line.strip()[:80]}")
                marks.append(mark)
        return (replace(record, marks=tuple(marks)),)


def _mark(line: str, names: Mapping[int, str], size: tuple[int, int], place: str) -> Mark | None:
    """Return the mark of a line; None where it is none.

    Raises:
        DataError: the class has no name.
    """
    first, *rest = line.split()
    try:
        numbers = [float(text) for text in rest]
    except ValueError:
        return None
    if not first.isdecimal() or (len(numbers) != _NUM_OF_BOX and (len(numbers) < _NUM_OF_TRIANGLE or len(numbers) % 2)):
        return None
    if int(first) not in names:
        known = ", ".join(f"{number}: {name}" for number, name in names.items())
        raise DataError(place, got=f"class {first}", expected=known, do="correct the names")
    label = names[int(first)]
    if len(numbers) == _NUM_OF_BOX:
        a, b, c, d = numbers
        box = cut_to_picture(box_from((a, b, c, d), _FORM, size), size)
        return Mark(label=label, box_px=box) if box else None
    height, width = size
    points = [(x * width, y * height) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    mask = fill_polygon(points, size)
    return Mark(label=label, box_px=box_of_mask(mask), mask=mask) if mask.any() else None


@cache
def _names(path: Path) -> dict[int, str]:
    """Return the names of the classes, which the file has as a list or by their numbers."""
    try:
        content: Any = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise DataError(f"{path}", got=" ".join(str(error).split()), expected="YAML with names") from error
    names: Any = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(isinstance(number, int) for number in names):
        raise DataError(f"{path}", got="no names", expected="a list of names, or names by number", do="check --root")
    return {number: str(name) for number, name in names.items()}
