"""NIfTI volumes: lazily read, scaled as their header says, in millimetres and DICOM's axes."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.volume import MAX_VOXELS, Values, Volume

TO_MM = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class NiftiVoxels:
    """Voxels of an opened NIfTI file: rescaled by ``scl_slope`` and ``scl_inter``, one channel of several."""

    data: Any
    channel: tuple[int, ...]

    def slab(self, axis: int, index: int) -> Values:
        """Read one slice."""
        place: tuple[int | slice, ...] = tuple(index if each == axis else slice(None) for each in range(3))
        return self._read(place)

    def whole(self) -> Values:
        """Read all."""
        return self._read((slice(None),) * 3)

    def _read(self, place: tuple[int | slice, ...]) -> Values:
        try:
            return np.asarray(self.data[(*place, *self.channel)])
        except Exception as error:  # cut and damaged files raise errors of zlib, EOF, OS and value kinds
            raise damaged(error) from error


def open_nifti(path: Path, channel: int | None = None) -> Volume:
    """Open a NIfTI file (.nii, .nii.gz, or the .hdr of a pair).

    Space is the s-form's, else the q-form's; with neither the patient's sides are not known, and voxels of 1 x 1 x 1
    are taken for sizes that nobody filled in. Sizes that the form and ``pixdim`` tell differently are not trusted.

    Args:
        path: the file.
        channel: which one of a file of several volumes, counted from 0.

    Raises:
        ImageError: not NIfTI, damaged, not a volume of numbers, too large, or no channel where one is needed.

    Source: https://nifti.nimh.nih.gov/nifti-1/documentation/nifti1fields (qsform, pixdim, xyzt_units, dim).
    """
    import nibabel

    try:
        file: Any = nibabel.load(path, mmap=False, keep_file_open=True)  # pyright: ignore[reportPrivateImportUsage]
        header = file.header
        affine = np.asarray(file.affine, dtype=np.float64)
    except Exception as error:
        raise damaged(error) from error
    if not isinstance(file, nibabel.Nifti1Pair):
        raise ImageError("volume", got=type(file).__name__, expected="NIfTI", do="convert it to NIfTI")
    shape, place = _one_channel(tuple(int(size) for size in file.shape), channel)
    _check_type(np.dtype(header.get_data_dtype()))
    oriented = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
    scale = TO_MM[header.get_xyzt_units()[0]]
    affine = RAS_TO_LPS @ affine
    affine[:3] *= scale
    sizes = np.asarray(header.get_zooms()[:3], dtype=np.float64) * scale
    return Volume(
        shape=shape,
        affine=affine_checked(affine),
        is_oriented=oriented,
        is_scaled=_is_scaled(affine, sizes, oriented=oriented),
        voxels=NiftiVoxels(file.dataobj, place),
    )


def _one_channel(shape: tuple[int, ...], channel: int | None) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Return the shape of one volume and the further indices that choose it."""
    if len(shape) < 3 or min(shape, default=0) < 1:  # noqa: PLR2004 (three dimensions)
        raise ImageError("volume", got=f"shape {list(shape)}", expected="three dimensions, none of them empty")
    further = shape[3:]
    num_channels = math.prod(further)
    x, y, z = shape[:3]
    check_size((x, y, z))
    number = check_channel(num_channels, channel)
    return (x, y, z), tuple(int(index) for index in np.unravel_index(number, further)) if further else ()


def check_channel(num_channels: int, channel: int | None) -> int:
    """Return the channel to read, by default the only one.

    Raises:
        ImageError: there is no such channel, or there are several and none is named.
    """
    if channel is None and num_channels > 1:
        raise ImageError("volume", got=f"{num_channels} channels", expected="one", do="name one: 'channel: 0'")
    number = channel or 0
    if not 0 <= number < num_channels:
        raise ImageError("channel of the volume", got=str(number), expected=f"0 to {num_channels - 1}")
    return number


def check_size(shape: tuple[int, int, int]) -> None:
    """Refuse a volume that is too large to be read.

    Raises:
        ImageError: it is.
    """
    if math.prod(shape) > MAX_VOXELS:
        size = " x ".join(str(length) for length in shape)
        raise ImageError(
            "the volume is too large", got=f"{size} voxels", expected=f"at most {MAX_VOXELS}", do="crop it"
        )


def affine_checked(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an affine that has an inverse.

    Raises:
        ImageError: it has none: an axis without a direction, or values that are no numbers.
    """
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:  # noqa: PLR2004 (cubic mm)
        raise ImageError(
            "geometry of the volume", got="axes that do not span a space", expected="three independent directions"
        )
    return affine


def damaged(error: Exception) -> ImageError:
    """Return the error of a file that a library cannot read."""
    got = f"{type(error).__name__}: {error}".splitlines()[0]
    return ImageError("the volume is damaged", got=got, do="copy the file again or leave it out")


def _check_type(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iuf":
        raise ImageError("voxels", got=str(dtype), expected="whole or decimal numbers", do="convert the volume")


def _is_scaled(affine: NDArray[np.float64], sizes: NDArray[np.float64], *, oriented: bool) -> bool:
    if not oriented:
        return not np.allclose(sizes, 1.0)
    return bool(np.allclose(np.linalg.norm(affine[:3, :3], axis=0), sizes, rtol=TOLERANCE))
