"""Reader of volumes with label maps: NIfTI, NRRD, MetaImage, or folders of DICOM series."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.dataset_json import labels_of_dataset
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.item_files import file_of, files_of
from doctorsun.data.readers.label_objects import objects_of_labels
from doctorsun.data.readers.marked_stack import MarkedObject, MarkedStack, SliceChoice
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.volume_records import WindowName, records_of_volume
from doctorsun.errors import DataError, ImageError
from doctorsun.image.file import naming
from doctorsun.image.label_volume import read_labels
from doctorsun.image.volume import Plane, Volume
from doctorsun.image.volume_file import open_volume

NO_PICTURE = np.zeros((1, 1), dtype=np.uint8)


class OfSomeCases(Section):
    """What only some cases have."""

    where: dict[str, str] = Field(default_factory=dict)
    """For which cases it is: regular expressions that their fields match; all of them when not given."""

    def is_of(self, fields: Mapping[str, str]) -> bool:
        """Tell whether it is of a case."""
        return all(re.fullmatch(rule, fields.get(name, "")) for name, rule in self.where.items())


class VolumeImage(OfSomeCases):
    """One image of a case: a sequence of several, or the only one."""

    file: str
    """Template of its file, or of the folder of its DICOM series."""
    sequence: str = ""
    """Its name, which becomes the field ``{sequence}``: t1ce, flair, arterial."""
    channel: Annotated[int, Field(ge=0)] | None = None
    """Which volume of a file of several, counted from 0."""
    windows: tuple[WindowName, ...] = ()
    """CT windows by name, or (centre, width); each gives pictures of its own. Without any, the darkest and brightest
    half percent of the values become black and white, as suits MR."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Further fields of its pictures, such as ``modality: CT``."""

    def path_of(self, fields: Mapping[str, str], root: Path, original_id: str) -> Path | Dropped:
        """Return the file or the folder."""
        folder = root / filled(self.file, fields)
        return folder if folder.is_dir() else file_of(self.file, fields, root, original_id)


class VolumeMask(OfSomeCases):
    """Label maps of a case and what their values mean."""

    file: str
    """Template of the label map; a named part that is no field is captured from the names of several files."""
    values: dict[str, str] = Field(default_factory=dict)
    """What each value means; ``"1,2"`` stands for both together, ``{name}`` for a field."""
    index: str = ""
    """Template of a ``dataset.json`` that tells it instead."""
    label: str = "{name}"
    """Template of the label: ``{task}: {name}`` where one name means several things."""
    separate: tuple[str, ...] = ()
    """Names whose parts that do not touch, in three dimensions, are objects of their own, such as tumours."""

    @model_validator(mode="after")
    def _says_what_it_shows(self) -> "VolumeMask":
        if bool(self.values) == bool(self.index):
            raise ValueError("a label map has either values or an index")
        return self

    def meanings(self, fields: Mapping[str, str], root: Path) -> dict[str, tuple[int, ...]]:
        """Return each name with its values.

        Raises:
            DataError: the index cannot be read, or a key of ``values`` is no list of numbers.
        """
        if self.index:
            return labels_of_dataset(root / filled(self.index, fields))
        try:
            return {name: tuple(int(value) for value in key.split(",")) for key, name in self.values.items()}
        except ValueError as error:
            raise DataError(
                "values of a label map", got=f"'{error}'", expected="numbers such as '1' or '1,2'"
            ) from error


@dataclass(frozen=True, slots=True)
class PendingCase:
    """A case: the path below the root of the file that lists it, and what that path tells."""

    name: str
    fields: dict[str, str]


class Volumes(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["volumes"]
    cases: str
    """Pattern of the files that list the cases, one each, such as their label maps; its named parts become fields."""
    images: Annotated[tuple[VolumeImage, ...], Field(min_length=1)]
    masks: tuple[VolumeMask, ...]
    plane: Plane | Literal["acquired"] = "acquired"
    """Of the pictures; acquired: the one in which the slices were scanned, axial where voxels have equal sides."""
    slices: SliceChoice = SliceChoice()
    montage: bool = False
    """Whether the chosen slices side by side become a picture, too."""

    def pending(self, root: Path) -> Iterator[PendingCase]:
        """Yield the cases."""
        for path, fields in PathPattern(self.cases).find(root):
            yield PendingCase(path.relative_to(root).as_posix(), fields)

    def read(self, pending: PendingCase, root: Path) -> Sequence[Record] | Dropped:
        """Read the chosen slices of every image of a case."""
        images = [image for image in self.images if image.is_of(pending.fields)]
        if not images:
            return Dropped(pending.name, "no_file", "no image of the adapter is of this case")
        records: list[Record] = []
        opened: Opened | None = None
        for image in images:
            path = image.path_of(pending.fields, root, pending.name)
            if isinstance(path, Dropped):
                return path
            try:
                volume = open_volume(path, image.channel)
                if opened is None or not opened.has_grid_of(volume):
                    marked = self._marked(volume, pending, root)
                    if isinstance(marked, Dropped):
                        return marked
                    opened = marked
                records += self._records(image, volume, opened, pending)
            except ImageError as error:
                return Dropped(pending.name, "image", error.text())
        return records or Dropped(pending.name, "nothing_marked")

    def _records(self, image: VolumeImage, volume: Volume, opened: "Opened", pending: PendingCase) -> list[Record]:
        """Return the records of one image of a case."""
        fields = {**pending.fields, **image.fields} | ({"sequence": image.sequence} if image.sequence else {})
        name = f"{pending.name}/{image.sequence}" if image.sequence else pending.name
        bare = Record(original_id=name, picture=NO_PICTURE, fields=fields, plane=opened.plane or "")
        chosen = self.slices.choose(opened.stack)
        return records_of_volume(bare, volume, opened.stack, chosen, image.windows, montage=self.montage)

    def _marked(self, volume: Volume, pending: PendingCase, root: Path) -> "Opened | Dropped":
        """Return what the label maps of a case mark on the slices of an image."""
        plane = volume.acquired_plane() if self.plane == "acquired" else self.plane
        axis = volume.axis_of(plane)
        labels: list[str] = []
        objects: list[MarkedObject] = []
        for mask in (each for each in self.masks if each.is_of(pending.fields)):
            files = files_of(mask.file, pending.fields, root)
            if not files:
                return Dropped(pending.name, "no_file", f"no label map like {mask.file}")
            for path, captured in files:
                fields = {**pending.fields, **captured}
                meanings = mask.meanings(fields, root)
                try:
                    with naming(path):
                        values = read_labels(open_volume(path), volume)
                except ImageError as error:
                    return Dropped(pending.name, "mask", error.text())
                _check_values(values, meanings, path)
                for name, own in meanings.items():
                    label = filled(mask.label, {**fields, "name": filled(name, fields)})
                    labels.append(label)
                    separate = name in mask.separate
                    objects += objects_of_labels(values, own, label, volume, plane, separate=separate)
        distance = volume.spacing_mm[axis] if volume.is_scaled else None
        stack = MarkedStack(volume.shape[axis], tuple(dict.fromkeys(labels)), tuple(objects), distance)
        return Opened(volume, plane, stack)


@dataclass(frozen=True, slots=True)
class Opened:
    """What is marked on the grid of an image."""

    volume: Volume
    plane: Plane | None
    stack: MarkedStack

    def has_grid_of(self, other: Volume) -> bool:
        """Tell whether another image has the same voxels, so that what is marked holds for it, too."""
        own = self.volume
        return (
            own.shape == other.shape and own.orientation == other.orientation and np.allclose(own.affine, other.affine)
        )


def _check_values(values: NDArray[np.integer], meanings: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Require that every value but 0 means something."""
    known = {value for own in meanings.values() for value in own}
    found = {value for slab in np.moveaxis(values, -1, 0) for value in np.unique(slab).tolist()}
    unknown = sorted(found - known - {0})
    if unknown:
        raise DataError(
            f"{path}",
            got=f"the value {unknown[0]}",
            expected="0 or one of " + ", ".join(str(value) for value in sorted(known)),
            do=f"add the line '\"{unknown[0]}\": LABEL' under values in the adapter",
        )
