"""Geometry of masks, boxes and patients; boxes are (x0, y0, x1, y1) in pixels, x1 and y1 exclusive."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError

Box = tuple[float, float, float, float]

LEAST_COSINE_OF_PLANE = 0.85  # a slice within 32 degrees of a plane is named by it
LEAST_COSINE_OF_LETTER = 0.25  # a direction within 15 degrees of an axis has one letter
_ORIENTATION = re.compile(r"[LRAPHF]{1,3}\\[LRAPHF]{1,3}")


def box_of_mask(mask: NDArray[np.bool_]) -> Box:
    """Return the smallest box that holds every true pixel of a mask [height, width].

    Raises:
        ImageError: the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        raise ImageError(
            "object mask", got="no true pixel", expected="at least one", do="remove the object or correct its mask"
        )
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def box_center(box: Box) -> tuple[float, float]:
    """Return the centre (x, y) of a box in pixels."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def overlap_share(inner: Box, outer: Box) -> float:
    """Return which share of the area of ``inner`` lies within ``outer``, in [0, 1]."""
    width = min(inner[2], outer[2]) - max(inner[0], outer[0])
    height = min(inner[3], outer[3]) - max(inner[1], outer[1])
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return max(width, 0.0) * max(height, 0.0) / area if area > 0 else 0.0


def long_side_mm(box: Box, spacing_mm: tuple[float, float]) -> float:
    """Return the longer side of a box in millimetres; ``spacing_mm`` is (row, column) as in DICOM."""
    return max((box[3] - box[1]) * spacing_mm[0], (box[2] - box[0]) * spacing_mm[1])


def orientation_of_axes(axes: Sequence[float]) -> str:
    r"""Return the patient direction along the rows, then down the columns, such as ``L\P``.

    Args:
        axes: direction cosines of a row, then of a column, in patient coordinates: x to the left, y to the back
            (posterior), z to the head (DICOM Image Orientation (Patient), PS3.3 C.7.6.2.1.1).

    Returns:
        One to three letters each for rows and columns, the main direction first (DICOM Patient Orientation, PS3.3
        C.7.6.1.1.1); empty where these are not two directions at a right angle.
    """
    if not _are_axes(axes):
        return ""
    return "\\".join(_letters(axis) for axis in (axes[:3], axes[3:]))


def plane_of_axes(axes: Sequence[float]) -> str:
    """Return the plane in which a slice lies: axial, coronal, sagittal or oblique; empty where axes are none.

    Args:
        axes: direction cosines as for `orientation_of_axes`.
    """
    if not _are_axes(axes):
        return ""
    normal = np.abs(np.cross(axes[:3], axes[3:]))
    main = int(normal.argmax())
    return ("sagittal", "coronal", "axial")[main] if normal[main] >= LEAST_COSINE_OF_PLANE else "oblique"


def read_orientation(text: str) -> str:
    r"""Return a DICOM Patient Orientation such as ``L\P`` if that is what the text is; else an empty text."""
    return text if _ORIENTATION.fullmatch(text) else ""


def side_at_left_edge(orientation: str) -> Literal["left", "right", ""]:
    r"""Return which side of the patient is at the left edge of a picture; empty where that is not known.

    Args:
        orientation: patient direction of rows then columns: in ``L\P``, columns further right lie further to the
            patient's left, so that the right side is at the left edge, as in most radiographs and axial slices.
    """
    sides: dict[str, Literal["left", "right"]] = {"L": "right", "R": "left"}
    return sides.get(read_orientation(orientation)[:1], "")


def _are_axes(axes: Sequence[float]) -> bool:
    if len(axes) != 6:  # noqa: PLR2004 (two directions of three components)
        return False
    row, column = np.asarray(axes[:3]), np.asarray(axes[3:])
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    return bool(np.allclose(lengths, 1, atol=0.01) and abs(row @ column) < 0.01)  # noqa: PLR2004 (rounded cosines)


def _letters(axis: Sequence[float]) -> str:
    """Name a direction by the axes of the patient that it follows, the main one first."""
    order = sorted(range(3), key=lambda number: -abs(axis[number]))
    kept = [number for number in order if abs(axis[number]) >= LEAST_COSINE_OF_LETTER]
    return "".join(("RL", "AP", "FH")[number][axis[number] > 0] for number in kept)
