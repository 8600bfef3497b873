"""A DICOM series as a volume: slices in the order of their places, values in their modality's unit."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doctorsun.errors import ImageError
from doctorsun.image.dicom_slices import DicomSlice, Stack, slices_in, stacked
from doctorsun.image.nifti import affine_checked, check_size
from doctorsun.image.volume import Values, Volume

ALONG_SERIES = 2


@dataclass(frozen=True, slots=True)
class SeriesVoxels:
    """Values of a stack of DICOM images; stored axes are column, row, slice."""

    stack: Stack

    def slab(self, axis: int, index: int) -> Values:
        """Read one slice; one across the images opens all of them."""
        return _values(self.stack.slices[index]) if axis == ALONG_SERIES else np.take(self.whole(), index, axis=axis)

    def whole(self) -> Values:
        """Read all images."""
        return np.stack([_values(each) for each in self.stack.slices], axis=ALONG_SERIES)


def open_series(paths: Iterable[Path]) -> Volume:
    """Open the images of one series; DICOM files that are no images are passed over.

    Raises:
        ImageError: a file is damaged, there is no image, there are several series, or they do not form one stack.
    """
    stack = stacked([each for path in paths for each in slices_in(path)])
    rows, columns = stack.slices[0].size
    shape = columns, rows, len(stack.slices)
    check_size(shape)
    return Volume(
        shape=shape,
        affine=affine_checked(stack.affine),
        is_oriented=True,
        is_scaled=True,
        voxels=SeriesVoxels(stack),
        irregular=stack.irregular,
    )


def _values(image: DicomSlice) -> Values:
    """Return modality values [column, row] of one image (PS3.3 C.11.1, Modality LUT)."""
    import pydicom
    from pydicom.pixels.processing import apply_modality_lut
    from pydicom.pixels.utils import pixel_array

    try:
        header: Any = pydicom.dcmread(image.path)
        stored = pixel_array(header, index=image.frame)
        if image.frame is not None:
            header = _transformation(header, image.frame)
        values = apply_modality_lut(stored, header)
    except Exception as error:  # decoders raise errors of every type on damaged data
        got = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ImageError(f"{image.path}: the image is damaged", got=got, do="copy the file again") from error
    return values.T


def _transformation(header: Any, frame: int) -> Any:
    """Return what holds the rescale slope and intercept of a frame: its own, the shared, or the file's."""
    own = header.PerFrameFunctionalGroupsSequence[frame]
    shared = next(iter(header.get("SharedFunctionalGroupsSequence") or ()), own)
    for groups in (own, shared):
        if "PixelValueTransformationSequence" in groups:
            return groups.PixelValueTransformationSequence[0]
    return header
