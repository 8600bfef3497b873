"""Reader of pictures that lie in one array: MedMNIST (.npz), PanNuke (.npy), PCam (.h5)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.array_file import array_names, item_of, open_array
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.marks import Objects, marks_of_mask
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.record import Mark, Record
from doctorsun.errors import DataError

_COLOURS = 3
_ArrayItem = tuple[str, str, int, dict[str, str]]


class ArrayLabels(Section):
    """Labels of the pictures, one or several each."""

    array: str
    classes: tuple[str, ...] = ()
    """Names of the classes in the order of their numbers; the numbers themselves when not given."""
    several: bool = False
    """Whether there is a 1 or a 0 for each class, in the place of one number."""

    def of_item(self, value: NDArray[Any], place: str) -> dict[str, bool]:
        """Return the labels that a value tells.

        Raises:
            DataError: it is not a number of a class, or not a 1 or 0 for each.
        """
        flat = value.ravel()
        if self.several:
            if len(flat) != len(self.classes) or not np.isin(flat, (0, 1)).all():
                raise DataError(
                    place, got=str(flat.tolist()), expected=f"0 or 1 for each of {len(self.classes)} classes"
                )
            return {name: bool(flag) for name, flag in zip(self.classes, flat, strict=True)}
        text = str(flat[0].item()) if len(flat) == 1 else str(flat.tolist())
        if not self.classes:
            return {text: True}
        if not text.isdecimal() or int(text) >= len(self.classes):
            raise DataError(place, got=text, expected=f"a number from 0 to {len(self.classes) - 1}")
        return {self.classes[int(text)]: True}


class ArrayMasks(Section):
    """Masks of the pictures: a label map with a value for each label, or a channel for each."""

    array: str
    values: dict[int, str] = Field(default_factory=dict)
    """What each value shows; 0 and values that are not named show nothing."""
    channels: dict[int, str] = Field(default_factory=dict)
    """What each channel shows, in the place of values; channels that are not named are left out."""
    objects: Objects = "components"
    """Whether pixels that touch make an object, all of a label are one, or each value of a channel is one."""

    @model_validator(mode="after")
    def _says_what_it_shows(self) -> "ArrayMasks":
        if bool(self.channels) == bool(self.values):
            raise ValueError("masks have either values or channels")
        return self

    def of_item(self, mask: NDArray[Any], size: tuple[int, int], place: str) -> dict[str, list[Mark]]:
        """Return the marks of each label; none where it is not there.

        Raises:
            DataError: the mask is of another size than its picture, or has no such channel.
        """
        mask = mask.reshape(mask.shape[:2]) if mask.shape[2:] == (1,) else mask
        num_channels = mask.shape[2] if mask.ndim == _COLOURS else 0
        if (
            mask.shape[:2] != size
            or bool(num_channels) != bool(self.channels)
            or any(channel >= num_channels for channel in self.channels)
        ):
            expected = f"{list(size)}" + (f" with channel {max(self.channels)}" if self.channels else "")
            raise DataError(place, got=f"a mask {list(mask.shape)}", expected=expected)
        parts = {name: np.asarray(mask == value) for value, name in self.values.items()}
        parts |= {name: mask[..., channel] for channel, name in self.channels.items()}
        return {name: marks_of_mask(part.astype(np.int64), name, self.objects) for name, part in parts.items()}


class Arrays(Section):
    """Settings of the reader, and the reader.

    Arrays are named by their file, and where it holds several by a colon and their name: ``{set}.npz:{split}_images``.
    Arrays of labels, masks and fields may leave out the file where it is that of the pictures: ``:{split}_labels``.
    """

    kind: Literal["arrays"]
    images: str
    """Arrays of pictures ``[item, height, width]`` or ``[item, height, width, 3]``; named parts become fields."""
    labels: ArrayLabels | None = None
    masks: ArrayMasks | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """Further arrays whose values become fields."""
    value_range: tuple[float, float] | None = None
    """The values that are shown black and white, of arrays that are not bytes."""
    slices: Annotated[int, Field(ge=1)] | None = None
    """The items are volumes ``[slice, height, width]``: so many slices, evenly spaced, are shown side by side."""

    @model_validator(mode="after")
    def _range_has_an_extent(self) -> "Arrays":
        if self.value_range and self.value_range[0] == self.value_range[1]:
            raise ValueError("value_range has no extent")
        return self

    def pending(self, root: Path) -> Iterator[_ArrayItem]:
        """Yield file, array, number and named parts of every picture.

        Raises:
            DataError: there is no such array, or the arrays of labels, masks or fields have another length.
        """
        num_found = 0
        for path, name, fields in _arrays_like(self.images, root):
            num_found += 1
            length = open_array(path, name).shape[0]
            for other in self._others():
                its_length = open_array(*_array(other, fields, path, root)).shape[0]
                if its_length != length:
                    got = f"{its_length} items in {filled(other, fields)}"
                    raise DataError(f"{path}", got=got, expected=f"{length} as in {name or 'it'}")
            for index in range(length):
                yield path.relative_to(root).as_posix(), name, index, fields
        if not num_found:
            raise DataError(f"arrays in {root}", got=f"none like {self.images}", expected="at least one")

    def _others(self) -> list[str]:
        labels = [self.labels.array] if self.labels else []
        return [*labels, *([self.masks.array] if self.masks else []), *self.fields.values()]

    def read(self, pending: _ArrayItem, root: Path) -> Sequence[Record] | Dropped:
        """Read one picture with its labels and masks."""
        file, name, index, fields = pending
        original_id = f"{file}:{name}/{index}" if name else f"{file}/{index}"
        place = f"{root / file}, item {index}"

        def value(array: str) -> NDArray[Any]:
            return item_of(*_array(array, fields, root / file, root), index)

        picture = self._picture(item_of(root / file, name, index), place)
        more = {field: str(value(array).ravel()[0].item()) for field, array in self.fields.items()}
        labels: dict[str, bool] = {}
        marks: list[Mark] = []
        if self.labels:
            labels = self.labels.of_item(value(self.labels.array), place)
        if self.masks:
            height, width = picture.shape[:2]
            found = self.masks.of_item(value(self.masks.array), (height, width), place)
            marks = [mark for each in found.values() for mark in each]
            labels |= {label: bool(each) for label, each in found.items()}
        number = {"index": str(index)}
        return (
            Record(
                original_id=original_id,
                picture=picture,
                fields=fields | number | more,
                labels=labels,
                marks=tuple(marks),
            ),
        )

    def _picture(self, values: NDArray[Any], place: str) -> NDArray[np.uint8]:
        """Return the values as they are shown, [height, width] or [height, width, 3].

        Raises:
            DataError: they are not bytes and there is no range, or they are no picture.
        """
        if values.dtype != np.uint8:
            if self.value_range is None:
                raise DataError(
                    place, got=f"{values.dtype}", expected="uint8, or a range", do="write 'value_range: [BLACK, WHITE]'"
                )
            black, white = self.value_range
            shares = (values.astype(np.float64) - black) / (white - black)
            values = np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)
        if self.slices is not None:
            values = _side_by_side(values, self.slices, place)
        if values.shape[2:] == (1,):
            values = values[..., 0]
        if values.ndim not in (2, 3) or values.shape[2:] not in ((), (_COLOURS,)):
            raise DataError(
                place, got=f"an item {list(values.shape)}", expected="[height, width], or [height, width, 3]"
            )
        return np.ascontiguousarray(values)


def _side_by_side(volume: NDArray[np.uint8], num: int, place: str) -> NDArray[np.uint8]:
    """Return evenly spaced slices in rows, as many rows as columns or one less; what is left over is black."""
    if volume.ndim < _COLOURS:
        raise DataError(
            place, got=f"an item {list(volume.shape)}", expected="[slice, height, width]", do="remove slices"
        )
    num = min(num, len(volume))
    chosen = ((np.arange(num) + 0.5) * len(volume) / num).astype(int)
    num_columns = math.ceil(math.sqrt(len(chosen)))
    num_rows = math.ceil(len(chosen) / num_columns)
    height, width = volume.shape[1:3]
    sheet = np.zeros((num_rows * height, num_columns * width, *volume.shape[3:]), dtype=np.uint8)
    for number, index in enumerate(chosen):
        y, x = number // num_columns * height, number % num_columns * width
        sheet[y : y + height, x : x + width] = volume[index]
    return sheet


def _array(array: str, fields: Mapping[str, str], own_file: Path, root: Path) -> tuple[Path, str]:
    file, _, name = filled(array, fields).partition(":")
    return root / file if file else own_file, name


def _arrays_like(pattern: str, root: Path) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """Yield the arrays that a pattern names, with its named parts."""
    file_pattern, _, name_pattern = pattern.partition(":")
    names = PathPattern(name_pattern).expression
    for path, fields in PathPattern(file_pattern).find(root):
        for name in array_names(path):
            if match := names.fullmatch(name):
                yield path, name, fields | match.groupdict()
