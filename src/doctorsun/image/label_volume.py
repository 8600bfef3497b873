"""Label maps on the grid of their image: the same voxels, whatever the order in which each file stores them."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.volume import Values, Volume

OFF_GRID = 0.25  # of a voxel: headers round, but half a voxel is another place


def read_labels(labels: Volume, image: Volume) -> NDArray[np.integer]:
    """Return a label map [x, y, z] in the stored order of its image's voxels.

    Args:
        labels: the label map; its values must be whole numbers.
        image: the image that it was drawn on.

    Raises:
        ImageError: the values are no labels, cannot be read, or do not lie on the voxels of the image.
    """
    axes, flipped = _way(labels, image)
    values = _whole_numbers(labels.voxels.whole())
    return np.flip(values.transpose(axes), tuple(axis for axis in range(3) if flipped[axis]))


def _whole_numbers(values: Values) -> NDArray[np.integer]:
    """Return values as they are where they are whole numbers; decimals that mean whole ones become such."""
    if np.issubdtype(values.dtype, np.integer):
        return values  # pyright: ignore[reportReturnType]
    whole = np.rint(values)
    if not np.array_equal(values, whole) or np.abs(whole).max() > np.iinfo(np.int32).max:
        raise ImageError("label map", got="values that are not whole", expected="labels", do="name the label map")
    return whole.astype(np.int32)


def _way(labels: Volume, image: Volume) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return for each axis of the image the one of the label map, and whether it runs the other way.

    Where neither file tells an orientation, equal shapes are taken for the same grid.
    """
    if not labels.is_oriented and not image.is_oriented:
        if labels.shape != image.shape:
            raise _elsewhere(f"{labels.shape} voxels", f"the image's {image.shape}")
        return (0, 1, 2), (False, False, False)
    if labels.is_oriented != image.is_oriented:
        raise _elsewhere("only one of the two with an orientation", "both or neither")
    to_labels = np.linalg.inv(labels.affine) @ image.affine
    turn = np.rint(to_labels[:3, :3])
    is_turn = np.array_equal(np.abs(turn).sum(axis=0), [1, 1, 1]) and np.array_equal(
        np.abs(turn).sum(axis=1), [1, 1, 1]
    )
    corners = np.array([*product(*((0, size - 1) for size in image.shape))]).T
    places = to_labels[:3, :3] @ corners + to_labels[:3, 3:]
    low, high = np.zeros((3, 1)), np.reshape(labels.shape, (3, 1)) - 1
    is_on_grid = np.abs(places - np.rint(places)).max() < OFF_GRID and (np.rint(places) >= low).all()
    if not is_turn or not is_on_grid or (np.rint(places).max(axis=1, keepdims=True) != high).any():
        raise _elsewhere("another grid of voxels in space", "the image's own")
    axes = tuple(int(np.abs(turn[:, axis]).argmax()) for axis in range(3))
    return axes, tuple(bool(turn[axes[axis], axis] < 0) for axis in range(3))


def _elsewhere(got: str, expected: str) -> ImageError:
    return ImageError("place of the label map", got=got, expected=expected, do="resample it onto its image")
