"""DICOM slices in space: which image lies where, and a stack of them in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming

ANGLE_DEGREES = 1.0
SAME_PLACE_MM = 0.01
SAME_PIXEL = 0.1  # of a pixel: positions are written as decimal strings
IN_PLANE = 0.25  # of the way to the next slice
DISTANCE_TOLERANCE = 0.02  # of the usual distance: positions are written as decimal strings
GEOMETRY_TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "PatientID",
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]

Masks = dict[int, NDArray[np.bool_]]
"""Masks [rows, columns] by the number of their slice in a stack; none of them is empty."""


@dataclass(frozen=True)
class DicomSlice:
    """One image of a DICOM file and its place (PS3.3 C.7.6.2, Image Plane Module).

    Attributes:
        frame: which frame of the file, counted from 0; None where it holds one image.
        size: rows and columns.
        position: centre of the first pixel, LPS millimetres.
        orientation: direction cosines of the rows, then of the columns.
        spacing_mm: distance of rows, then of columns.
    """

    path: Path
    frame: int | None
    instance: str
    series: str
    modality: str
    size: tuple[int, int]
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing_mm: tuple[float, float]

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """Direction in which slices are stacked: rows times columns."""
        return np.cross(self.orientation[:3], self.orientation[3:])

    @property
    def height_mm(self) -> float:
        """Place of the slice along its normal."""
        return float(np.dot(self.normal, self.position))

    @property
    def affine(self) -> NDArray[np.float64]:
        """[4, 4], (column, row, distance along the normal in mm) to patient millimetres (PS3.3 C.7.6.2.1.1)."""
        affine = np.eye(4)
        affine[:3, 0] = np.multiply(self.orientation[:3], self.spacing_mm[1])
        affine[:3, 1] = np.multiply(self.orientation[3:], self.spacing_mm[0])
        affine[:3, 2] = self.normal
        affine[:3, 3] = self.position
        return affine


def slices_in(path: Path) -> list[DicomSlice]:
    """Return the images of a DICOM file that have a place in the patient; none for other DICOM files.

    Raises:
        ImageError: the file is not DICOM or its header is damaged; the message begins with the path.
    """
    import pydicom

    with naming(path):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(GEOMETRY_TAGS))
            return list(slices_of(header, path))
        except OSError:
            raise
        except Exception as error:  # damaged headers raise errors of every type
            got = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ImageError("DICOM header", got=got, expected="a DICOM image") from error


def slices_of(header: Any, path: Path) -> Iterable[DicomSlice]:
    """Yield the images of a header that have a place in the patient; damaged headers raise errors of every type."""
    frames = header.get("PerFrameFunctionalGroupsSequence")
    if "Rows" not in header or header.Modality in ("SEG", "RTDOSE"):
        return
    for number, groups in enumerate(_groups(header, frames) if frames else [header]):
        place = [groups.get(name) for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")]
        if any(not value for value in place):
            continue
        position, orientation, spacing = (tuple(float(value) for value in values or ()) for values in place)
        yield DicomSlice(
            path=path,
            frame=number if frames else None,
            instance=str(header.SOPInstanceUID),
            series=str(header.SeriesInstanceUID),
            modality=str(header.Modality),
            size=(int(header.Rows), int(header.Columns)),
            position=position,
            orientation=orientation,
            spacing_mm=(spacing[0], spacing[1]),
        )


def _groups(header: Any, frames: Any) -> Iterable[dict[str, Any]]:
    """Yield the place of each frame of a file of several: its own, else the one shared (PS3.3 C.7.6.16)."""
    shared = next(iter(header.get("SharedFunctionalGroupsSequence") or ()), {})
    for own in frames:
        yield {
            name: item[0].get(name)
            for group, name in (
                ("PlanePositionSequence", "ImagePositionPatient"),
                ("PlaneOrientationSequence", "ImageOrientationPatient"),
                ("PixelMeasuresSequence", "PixelSpacing"),
            )
            if (item := own.get(group) or shared.get(group))
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Slices of one series in the order of their places.

    Attributes:
        slices: from the lowest to the highest along the normal.
        affine: [4, 4], (column, row, slice) to patient millimetres.
        irregular: why the slices do not form an even, upright grid; empty where they do.
    """

    slices: tuple[DicomSlice, ...]
    affine: NDArray[np.float64]
    irregular: str

    @property
    def distance_mm(self) -> float | None:
        """From slice to slice, where it is one number."""
        return float(np.linalg.norm(self.affine[:3, 2])) if not self.irregular else None

    def nearest(self, place: NDArray[np.float64]) -> int:
        """Return the slice whose plane is closest to a place [3] in millimetres."""
        height = float(np.dot(self.slices[0].normal, place))
        return int(np.argmin([abs(each.height_mm - height) for each in self.slices]))

    def is_beside(self, index: int, position: NDArray[np.float64]) -> bool:
        """Tell whether a first pixel [3] is that of a slice, within a tenth of a pixel."""
        offset = np.linalg.inv(self.slices[index].affine) @ (*position, 1)
        return bool(np.abs(offset[:2]).max() < SAME_PIXEL) and self.is_in_plane(index, position)

    def is_in_plane(self, index: int, place: NDArray[np.float64]) -> bool:
        """Tell whether a place lies in the plane of a slice, within a quarter of the way to the next."""
        others = [abs(each.height_mm - self.slices[index].height_mm) for each in self.slices]
        apart = min((distance for distance in others if distance > 0), default=1.0)
        off = abs(float(np.dot(self.slices[index].normal, place)) - self.slices[index].height_mm)
        return off < IN_PLANE * apart


def stacked(slices: Sequence[DicomSlice]) -> Stack:
    """Put the slices of one series into the order of their places.

    Raises:
        ImageError: there are none, they differ in size, direction or spacing, or two lie at one place.
    """
    if not slices:
        raise ImageError("DICOM series", got="no image with a place in the patient", expected="at least one")
    for name, values in (
        ("series", {each.series for each in slices}),
        ("sizes", {each.size for each in slices}),
        ("pixel spacings", {each.spacing_mm for each in slices}),
        ("directions", {tuple(np.round(each.orientation, 3)) for each in slices}),
    ):
        if len(values) > 1:
            raise ImageError(
                "DICOM series", got=f"{len(values)} {name}", expected="slices of one", do="keep each series by itself"
            )
    ordered = sorted(slices, key=lambda each: each.height_mm)
    for lower, upper in pairwise(ordered):
        if upper.height_mm - lower.height_mm < SAME_PLACE_MM:
            raise ImageError(
                "DICOM series",
                got=f"two images at one place ({lower.path.name}, {upper.path.name})",
                expected="one image for each place",
                do="keep phases, echoes and b-values apart",
            )
    return Stack(slices=tuple(ordered), affine=_affine(ordered), irregular=_irregular(ordered))


def _affine(ordered: Sequence[DicomSlice]) -> NDArray[np.float64]:
    affine = ordered[0].affine
    if len(ordered) > 1:
        affine[:3, 2] = np.subtract(ordered[-1].position, ordered[0].position) / (len(ordered) - 1)
    return affine


def _irregular(ordered: Sequence[DicomSlice]) -> str:
    """Tell what is uneven: distances, or the way from slice to slice (a tilted gantry)."""
    if len(ordered) == 1:
        return "a single slice"
    distances = [upper.height_mm - lower.height_mm for lower, upper in pairwise(ordered)]
    usual = float(np.median(distances))
    if max(abs(distance - usual) for distance in distances) > DISTANCE_TOLERANCE * usual:
        return f"distances of {min(distances):.2f} to {max(distances):.2f} mm between slices"
    way = np.subtract(ordered[-1].position, ordered[0].position)
    share = float(np.dot(way, ordered[0].normal) / np.linalg.norm(way))
    degrees = float(np.degrees(np.arccos(np.clip(share, -1, 1))))
    return f"slices shifted as by a gantry tilt of {degrees:.1f} degrees" if degrees > ANGLE_DEGREES else ""
