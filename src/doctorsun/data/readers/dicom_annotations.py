"""Readers of annotations in DICOM: segmentations (SEG) and structure sets (RTSTRUCT) over the images they refer to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from doctorsun.config.section import Section
from doctorsun.data.readers.dicom_folder import Annotation, annotations_in
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.marked_stack import MarkedObject, MarkedStack, SliceChoice
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.volume_records import WindowName, named_window
from doctorsun.errors import ImageError
from doctorsun.image.dicom_slices import Masks, Stack
from doctorsun.image.picture import open_picture

Marked = Sequence[tuple[str, Masks]]
"""Labels in the file's own words, each with where it is; a label that is nowhere is absent."""


class DicomAnnotations(Section):
    """What segmentations and structure sets have in common."""

    files: str = "**/*"
    """Pattern of the annotation files; other files are passed over."""
    images: str = "**/*"
    """Pattern of the image files, in which the series of each annotation are looked for."""
    windows: tuple[WindowName, ...] = ()
    """CT windows by name, or (centre, width); each gives pictures of its own. Without any, the one of the file."""
    slices: SliceChoice = SliceChoice()

    def records(self, pending: Annotation, stack: Stack, found: MarkedStack) -> list[Record]:
        """Return the records of the chosen slices, shown as they are stored.

        Raises:
            ImageError: a slice cannot be shown, or there is no such window.
        """
        records: list[Record] = []
        for index in self.slices.choose(found):
            image = stack.slices[index]
            for name, window in [named_window(each) for each in self.windows] or [("", None)]:
                opened = open_picture(image.path, frame=image.frame, window=window)
                ending = f"/{name}" if len(self.windows) > 1 else ""
                fields = {**opened.header, **pending.fields, "window": name, "slice": str(index)}
                records.append(
                    Record(
                        original_id=f"{pending.name}/slice-{index}{ending}",
                        picture=opened.picture,
                        acquisition=replace(opened.facts, slice=index),
                        fields=fields,
                        plane=opened.header.get("plane", ""),
                        labels=found.labels_on([index]),
                        marks=found.marks_on(index),
                    )
                )
        return records


class DicomSegmentation(DicomAnnotations):
    """Settings of the reader of segmentations, and the reader."""

    kind: Literal["dicom_segmentation"]
    label: str = "{segment}"
    """Template of the label: ``{segment}`` is what the file calls it; ``{property}``, ``{code}``, ``{category}``,
    ``{modifier}``, ``{region}`` and ``{region_modifier}`` are its codes."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """From which share on a pixel of a fractional segment belongs to it."""

    def pending(self, root: Path) -> Iterator[Annotation]:
        """Yield the segmentations with their images."""
        return annotations_in(root, self.files, self.images, "SEG")

    def read(self, pending: Annotation, root: Path) -> Sequence[Record] | Dropped:
        """Read the chosen slices of a segmentation."""
        from doctorsun.image.dicom_segments import read_segments

        def marked(stack: Stack) -> Marked:
            segments = read_segments(root / pending.name, stack, threshold=self.threshold)
            return [(filled(self.label, {**pending.fields, **each.fields}), each.masks) for each in segments]

        return _read(self, pending, root, marked)


class DicomStructures(DicomAnnotations):
    """Settings of the reader of structure sets, and the reader."""

    kind: Literal["dicom_rtstruct"]
    label: str = "{roi}"
    """Template of the label: ``{roi}`` is the region's name, ``{type}`` its interpreted type."""

    def pending(self, root: Path) -> Iterator[Annotation]:
        """Yield the structure sets with their images."""
        return annotations_in(root, self.files, self.images, "RTSTRUCT")

    def read(self, pending: Annotation, root: Path) -> Sequence[Record] | Dropped:
        """Read the chosen slices of a structure set."""
        from doctorsun.image.dicom_contours import read_contours

        def marked(stack: Stack) -> Marked:
            regions = read_contours(root / pending.name, stack)
            fields = [{**pending.fields, "roi": each.name, "type": each.type} for each in regions]
            return [(filled(self.label, own), each.masks) for own, each in zip(fields, regions, strict=True)]

        return _read(self, pending, root, marked)


def _read(
    section: DicomAnnotations, pending: Annotation, root: Path, marked: Callable[[Stack], Marked]
) -> Sequence[Record] | Dropped:
    try:
        stack = pending.stack(root)
    except ImageError as error:
        return Dropped(pending.name, "image", error.text())
    if isinstance(stack, Dropped):
        return stack
    try:
        found = _marked_stack(stack, marked(stack))
    except ImageError as error:
        return Dropped(pending.name, "mask", error.text())
    try:
        return section.records(pending, stack, found) or Dropped(pending.name, "nothing_marked")
    except ImageError as error:
        return Dropped(pending.name, "image", error.text())


def _marked_stack(stack: Stack, marked: Marked) -> MarkedStack:
    """Return what is marked on the slices; a label of several segments has several objects."""
    num_slices = len(stack.slices)
    objects: list[MarkedObject] = []
    for label, masks in marked:
        if masks:
            areas = np.zeros(num_slices, dtype=np.int64)
            for index, mask in masks.items():
                areas[index] = np.count_nonzero(mask)
            objects.append(MarkedObject(label=label, areas=areas, mask_on=masks.__getitem__))
    labels = tuple(dict.fromkeys(label for label, _ in marked))
    return MarkedStack(num_slices, labels, tuple(objects), stack.distance_mm)
