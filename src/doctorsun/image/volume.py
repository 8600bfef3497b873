r"""Volumes: values on a grid in space, slices of them as pictures, and where the patient's sides are.

Space is DICOM's: x grows towards the patient's left, y towards the back, z towards the head (LPS, millimetres; PS3.3
C.7.6.2.1.1). A volume keeps its file's own order of voxels; slices are numbered in it, from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window
from doctorsun.schema import ImageFacts

Plane = Literal["axial", "coronal", "sagittal"]
Values = NDArray[np.integer | np.floating]

PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
"""The plane of the slices along each patient axis: x, y, z."""
DISPLAY = {"axial": "L\\P", "coronal": "L\\F", "sagittal": "P\\F"}
"""Directions of columns, then rows, of a picture of each plane: seen from the feet, from in front, from the left."""
LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
COARSE = 1.2
"""Slices are further apart than pixels by more than this factor where a scan was made slice by slice."""
MAX_VOXELS = 2**30  # 1024 x 1024 x 1024; a whole-body CT of 512 x 512 x 2000 has half of them


class Voxels(Protocol):
    """The stored values, read when they are asked for."""

    def slab(self, axis: int, index: int) -> Values:
        """Return the values of one slice along a stored axis: the other two axes in their order."""
        ...

    def whole(self) -> Values:
        """Return all values in stored order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Volume:
    """One scalar volume; its values stay in the file until they are asked for.

    Attributes:
        shape: voxels along each stored axis.
        affine: [4, 4], stored indices to patient coordinates in millimetres.
        is_oriented: whether the file tells where the patient's sides are; without it no side may be told.
        is_scaled: whether the file tells the size of its voxels.
        irregular: why the slices do not form an even, upright grid; empty where they do.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    is_oriented: bool
    is_scaled: bool
    voxels: Voxels
    irregular: str = ""

    @cached_property
    def directions(self) -> tuple[tuple[int, int], ...]:
        """For each stored axis the patient axis that is closest to it, and 1 or -1: along it or against it."""
        from nibabel.orientations import io_orientation

        return tuple((int(axis), int(sign)) for axis, sign in io_orientation(self.affine))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along each stored axis, to the nanometre."""
        x, y, z = (round(float(length), 6) for length in np.linalg.norm(self.affine[:3, :3], axis=0))
        return x, y, z

    @property
    def orientation(self) -> str:
        """Patient directions along the stored axes, such as ``LPH``; empty where not known."""
        return "".join(LETTERS[axis][sign < 0] for axis, sign in self.directions) if self.is_oriented else ""

    def acquired_plane(self) -> Plane | None:
        """Return the plane of the slices as they were scanned; axial for voxels of equal sides, None if not known."""
        if not self.is_oriented:
            return None
        axis = int(np.argmax(self.spacing_mm))
        thick = self.spacing_mm[axis] > COARSE * min(self.spacing_mm)
        return PLANES[self.directions[axis][0]] if thick else "axial"

    def axis_of(self, plane: Plane | None) -> int:
        """Return the stored axis along which the slices of a plane lie; the last one for None.

        Raises:
            ImageError: the file does not tell where the patient's sides are.
        """
        if plane is None:
            return 2
        if not self.is_oriented:
            raise ImageError(
                f"{plane} slices", got="a volume without orientation", expected="one that tells the patient's sides"
            )
        return [axis for axis, _ in self.directions].index(PLANES.index(plane))

    def arranged(self, slab: NDArray[np.generic], plane: Plane | None) -> NDArray[np.generic]:
        """Turn a slice [first, second other axis] of this grid the way it is looked at: [height, width].

        The patient's right is on the left of axial and coronal pictures; front and head are up; sagittal ones face
        left. Without an orientation the first stored axis runs to the right and the second downwards.
        """
        if plane is None:
            return slab.T
        own = self.axis_of(plane)
        (across, across_sign), (down, down_sign) = (self.directions[axis] for axis in range(3) if axis != own)
        if across > down:  # columns belong to the first patient axis of the plane, rows to the second
            (across_sign, down_sign), slab = (down_sign, across_sign), slab.T
        rows_up = plane != "axial"  # rows run to the back in axial pictures, to the feet in the others
        return slab[::across_sign, :: -down_sign if rows_up else down_sign].T

    def slice_values(self, plane: Plane | None, index: int) -> Values:
        """Return the values of one slice [height, width] as it is looked at.

        Raises:
            ImageError: there is no such slice, or its values cannot be read.
        """
        axis = self.axis_of(plane)
        if not 0 <= index < self.shape[axis]:
            raise ImageError("slice", got=str(index), expected=f"0 to {self.shape[axis] - 1}")
        return self.arranged(self.voxels.slab(axis, index), plane)  # pyright: ignore[reportReturnType]

    def picture_spacing_mm(self, plane: Plane | None) -> tuple[float, float] | None:
        """Return the (row, column) distance of the pixels of a plane's pictures, where it is known."""
        own = self.axis_of(plane)
        if not self.is_scaled or (self.irregular and own != 2):  # noqa: PLR2004 (series are stored slice by slice)
            return None
        order = [
            (self.directions[axis][0] if plane else axis, self.spacing_mm[axis]) for axis in range(3) if axis != own
        ]
        (_, columns), (_, rows) = sorted(order)
        return rows, columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture of a volume: grey pixels [height, width] and what is known of them."""

    pixels: NDArray[np.uint8]
    facts: ImageFacts


def show_slice(volume: Volume, plane: Plane | None, index: int, window: Window) -> Shown:
    """Return one slice as it is looked at; values that are not numbers are black.

    Raises:
        ImageError: there is no such slice, or its values cannot be read.
    """
    values = np.nan_to_num(np.asarray(volume.slice_values(plane, index), dtype=np.float64), nan=-np.inf)
    facts = ImageFacts(
        spacing_mm=volume.picture_spacing_mm(plane),
        window=(window.center, window.width),
        slice=index,
        orientation=DISPLAY[plane] if plane else "",
    )
    return Shown(pixels=window.apply(values), facts=facts)


def montage(pictures: Sequence[Shown], num_columns: int) -> Shown:
    """Return pictures of one size side by side, row by row, on black; it is of no single slice.

    Raises:
        ImageError: there are none, or their sizes differ.
    """
    sizes = {picture.pixels.shape for picture in pictures}
    if len(sizes) != 1:
        raise ImageError(
            "pictures of a montage", got=f"sizes {sorted(sizes)}", expected="at least one, all of one size"
        )
    num_rows = -(-len(pictures) // num_columns)
    height, width = pictures[0].pixels.shape
    pixels = np.zeros((num_rows * height, num_columns * width), dtype=np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // num_columns * height, number % num_columns * width
        pixels[top : top + height, left : left + width] = picture.pixels
    facts = pictures[0].facts
    return Shown(
        pixels=pixels,
        facts=ImageFacts(spacing_mm=facts.spacing_mm, window=facts.window, orientation=facts.orientation),
    )
