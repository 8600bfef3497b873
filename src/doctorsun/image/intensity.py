"""Intensity: stored values to display values."""

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError


def apply_window(values: NDArray[np.floating], *, center: float, width: float) -> NDArray[np.uint8]:
    """Map modality values (Hounsfield units, for example) to 8-bit grey by the linear VOI function.

    Args:
        values: modality values of any shape.
        center: window centre, in the unit of the values.
        width: window width in the same unit, at least 1.

    Returns:
        Grey values of the same shape; 0 at and below the window, 255 above it.

    Raises:
        ImageError: the width is below 1.

    Source: DICOM PS3.3 C.11.2.1.2.1 (VOI LUT function LINEAR).
    """
    if width < 1:
        raise ImageError(
            "window width",
            got=f"{width:g}",
            expected="1 or more (DICOM PS3.3 C.11.2.1.2)",
            do="correct the window of this image",
        )
    if width == 1:
        return np.where(values <= center - 0.5, 0, 255).astype(np.uint8)
    share = (values - (center - 0.5)) / (width - 1) + 0.5
    return to_uint8(share)


def to_uint8(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map display shares in [0, 1] to 8-bit grey; what lies outside is clipped."""
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
