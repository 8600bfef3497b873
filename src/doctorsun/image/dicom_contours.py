"""DICOM structure sets (RTSTRUCT): contours in space as masks on the slices that they were drawn on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.dicom import sound_file
from doctorsun.image.dicom_header import word
from doctorsun.image.dicom_slices import Masks, Stack
from doctorsun.image.file import naming
from doctorsun.image.polygon import fill_polygon

AREAS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roi:
    """One region of interest: its name, its interpreted type (PTV, ORGAN, EXTERNAL) and where it is."""

    name: str
    type: str
    masks: Masks


def read_contours(path: Path, stack: Stack) -> list[Roi]:
    """Read the regions of a structure set onto a stack of images; points and open lines have no area and no mask.

    A pixel belongs to a region where its centre lies in one of its closed contours; contours of the kind that tells
    holes by exclusive or are combined so (PS3.3 C.8.8.6.1 and C.8.8.6.3).

    Raises:
        ImageError: the file is damaged or no structure set, or a contour lies between the images; the message begins
            with the path.
    """
    import pydicom

    with naming(path), sound_file():
        header = pydicom.dcmread(path, force=True)
        if word(header, "Modality") != "RTSTRUCT":
            got = word(header, "Modality") or "no modality"
            raise ImageError("DICOM structure set", got=got, expected="RTSTRUCT", do="name the structure sets")
        types = {
            int(item.ReferencedROINumber): word(item, "RTROIInterpretedType")
            for item in header.get("RTROIObservationsSequence") or ()
        }
        contours = {int(item.ReferencedROINumber): item for item in header.get("ROIContourSequence") or ()}
        return [
            Roi(
                name=word(item, "ROIName"),
                type=types.get(int(item.ROINumber), ""),
                masks=_masks(contours.get(int(item.ROINumber)), stack),
            )
            for item in header.StructureSetROISequence
        ]


def _masks(roi: Any, stack: Stack) -> Masks:
    masks: Masks = {}
    for contour in (roi.get("ContourSequence") if roi else None) or ():
        if contour.ContourGeometricType not in AREAS:
            continue
        points = np.asarray(contour.ContourData, dtype=np.float64).reshape(-1, 3)
        index, mask = _filled(points, stack)
        known = masks.get(index, np.zeros_like(mask))
        masks[index] = known ^ mask if contour.ContourGeometricType == "CLOSEDPLANAR_XOR" else known | mask
    return {index: mask for index, mask in masks.items() if mask.any()}


def _filled(points: NDArray[np.float64], stack: Stack) -> tuple[int, NDArray[np.bool_]]:
    """Return the slice of a contour [num_points, 3] and the pixels within."""
    index = stack.nearest(points.mean(axis=0))
    if not all(stack.is_in_plane(index, point) for point in points):
        raise ImageError(
            "place of a contour", got="points that lie in the plane of no image", expected="the images it was drawn on"
        )
    image = stack.slices[index]
    pixels = np.linalg.inv(image.affine) @ np.column_stack([points, np.ones(len(points))]).T
    corners = [(float(column) + 0.5, float(row) + 0.5) for column, row in pixels[:2].T]  # centres lie at halves
    return index, fill_polygon(corners, image.size)
