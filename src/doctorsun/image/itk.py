"""NRRD and MetaImage (MHA, MHD) volumes, read by SimpleITK."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.libraries import optional_library
from doctorsun.image.nifti import affine_checked, check_channel, check_size, damaged
from doctorsun.image.volume import Values, Volume

NRRD_MAGIC = b"NRRD0"
META_IMAGE = re.compile(rb"^(ObjectType|NDims|Comment|ObjectSubType)\s*=", re.MULTILINE)
META_ORIENTED = re.compile(rb"^(TransformMatrix|Rotation|Orientation)\s*=", re.MULTILINE)
META_SCALED = re.compile(rb"^(ElementSpacing|ElementSize)\s*=", re.MULTILINE)
NRRD_SCALED = re.compile(rb"^(space directions|spacings):", re.MULTILINE)
HEADER_BYTES = 4096
FURTHER = 3  # the first axis after the three of space


@dataclass(frozen=True)
class ItkVoxels:
    """Voxels of a NRRD or MetaImage file: they are packed as one, so that the file is read whole when first needed."""

    path: Path
    channel: int
    num_components: int

    def slab(self, axis: int, index: int) -> Values:
        """Return one slice."""
        return self._values.take(index, axis=axis)

    def whole(self) -> Values:
        """Return all."""
        return self._values

    @cached_property
    def _values(self) -> NDArray[Any]:
        itk = simple_itk()
        try:
            stored = itk.GetArrayFromImage(itk.ReadImage(str(self.path)))  # axes in reverse, components last
        except Exception as error:
            raise _damaged(error) from error
        if self.num_components > 1:
            stored = stored[..., self.channel]
        elif stored.ndim > FURTHER:
            stored = stored[self.channel]
        return stored.T


def simple_itk() -> Any:
    """Return SimpleITK.

    Raises:
        MissingDependency: it is not installed.
    """
    itk = optional_library("SimpleITK", needed_for="NRRD and MHA volumes", extra="itk")
    itk.ProcessObject.SetGlobalWarningDisplay(False)  # what matters is checked here
    return itk


def is_itk_file(beginning: bytes) -> bool:
    """Tell whether a file that begins so is NRRD or MetaImage."""
    return beginning.startswith(NRRD_MAGIC) or META_IMAGE.match(beginning) is not None


def open_itk(path: Path, channel: int | None = None) -> Volume:
    """Open a NRRD or MetaImage file.

    The patient's sides are known where the header has a NRRD ``space`` or a MetaImage ``TransformMatrix``; the size of
    voxels where it has ``space directions``, ``spacings`` or ``ElementSpacing``.

    Args:
        path: the file.
        channel: which one of a file of several volumes or components, counted from 0.

    Raises:
        ImageError: damaged, not a volume, too large, or no channel where one is needed.
        MissingDependency: SimpleITK is not installed.

    Source: https://teem.sourceforge.net/nrrd/format.html#space; https://itk.org/Wiki/ITK/MetaIO/Documentation.
    """
    itk = simple_itk()
    reader = itk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except Exception as error:
        raise _damaged(error) from error
    size = reader.GetSize()
    if len(size) < FURTHER:
        raise ImageError("volume", got=f"shape {list(size)}", expected="three dimensions, none of them empty")
    num_components = reader.GetNumberOfComponents()
    number = check_channel(num_components * int(np.prod(size[FURTHER:])), channel)
    check_size(size[:FURTHER])
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    nrrd = header.startswith(NRRD_MAGIC)
    return Volume(
        shape=size[:FURTHER],
        affine=_affine(reader),
        is_oriented=reader.HasMetaDataKey("NRRD_space") if nrrd else bool(META_ORIENTED.search(header)),
        is_scaled=bool((NRRD_SCALED if nrrd else META_SCALED).search(header)),
        voxels=ItkVoxels(path, number, num_components),
    )


def _affine(reader: Any) -> NDArray[np.float64]:
    """Return indices to millimetres; SimpleITK gives NRRD's other spaces in LPS, too."""
    dimension = reader.GetDimension()
    direction = np.asarray(reader.GetDirection()).reshape(dimension, dimension)[:FURTHER, :FURTHER]
    affine = np.eye(4)
    affine[:3, :3] = direction * np.asarray(reader.GetSpacing()[:FURTHER])
    affine[:3, 3] = reader.GetOrigin()[:FURTHER]
    return affine_checked(affine)


def _damaged(error: Exception) -> ImageError:
    """Return the last line of ITK's long messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return damaged(type(error)(lines[-1] if lines else ""))
