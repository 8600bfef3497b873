"""Objects of a label map: where each value, or each part of it, lies on the slices of a volume."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from doctorsun.data.readers.marked_stack import MarkedObject
from doctorsun.image.volume import Plane, Volume

TOUCHING = np.ones((3, 3, 3), dtype=np.bool_)  # voxels that meet at a corner belong together


def objects_of_labels(
    values: NDArray[np.integer], own: Sequence[int], label: str, volume: Volume, plane: Plane | None, *, separate: bool
) -> Iterator[MarkedObject]:
    """Yield what a label map marks with some of its values; nothing where they are not there.

    Args:
        values: the label map in the stored order of the volume.
        own: the values that belong to the label.
        label: their meaning.
        volume: the image that it was drawn on.
        plane: of the slices.
        separate: whether parts that do not touch are objects of their own.
    """
    axis = volume.axis_of(plane)
    mask = np.isin(values, own)
    numbers = _parts(mask) if separate else mask.view(np.uint8)
    for number, areas in enumerate(_areas(numbers, axis)):
        if number and areas.any():
            yield MarkedObject(label=label, areas=areas, mask_on=_MaskOn(numbers, number, volume, plane))


def _parts(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Return a number for each part that does not touch another; 0 outside."""
    from scipy import ndimage  # half a second, which sources without label maps need not spend

    numbers, _ = ndimage.label(mask, structure=TOUCHING)  # pyright: ignore[reportGeneralTypeIssues]
    return np.asarray(numbers, dtype=np.int32)


def _areas(numbers: NDArray[np.integer], axis: int) -> NDArray[np.int64]:
    """Return [number, slice], how many voxels of each number lie on each slice."""
    slabs = np.moveaxis(numbers, axis, 0).reshape(numbers.shape[axis], -1)
    most = int(numbers.max(initial=0)) + 1
    return np.stack([np.bincount(slab.astype(np.int64), minlength=most) for slab in slabs], axis=1)


@dataclass(frozen=True, slots=True)
class _MaskOn:
    """The mask of one number on a slice, as the slice is looked at."""

    numbers: NDArray[np.integer]
    number: int
    volume: Volume
    plane: Plane | None

    def __call__(self, index: int) -> NDArray[np.bool_]:
        slab = np.take(self.numbers, index, axis=self.volume.axis_of(self.plane))
        return np.asarray(self.volume.arranged(slab, self.plane) == self.number)
