"""Small volumes with a marked place, as NIfTI in any order of axes."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

SPACING_MM = (1.5, 2.0, 4.0)


def write_nifti(
    path: Path, ras: NDArray[Any], *, axes: str = "RAS", spacing_mm: tuple[float, ...] = SPACING_MM
) -> None:
    """Write values [to the right, to the front, to the head] (and channels) with the stored axes in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = (-20, -30, 40)
    image = nibabel.Nifti1Image(ras, affine)
    image.header.set_xyzt_units("mm")
    own = nibabel.orientations.io_orientation(affine)
    nibabel.save(
        image.as_reoriented(nibabel.orientations.ornt_transform(own, nibabel.orientations.axcodes2ornt(axes))), path
    )


def ramp(shape: tuple[int, ...], *, dtype: Any = np.int16) -> NDArray[Any]:
    """Return different values everywhere."""
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)
