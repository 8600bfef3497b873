"""Intensity: stored values to display values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from doctorsun.errors import ImageError

VoiFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
"""DICOM VOI LUT Function (0028,1056)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which modality values are shown between black and white.

    Attributes:
        center: in the unit of the modality values.
        width: in the same unit.
        function: how values in the window become grey.
        unit: the unit where the window is only meant for it (``HU``); empty where it fits its image anyway.
    """

    center: float
    width: float
    function: VoiFunction = "LINEAR"
    unit: str = ""

    def apply(self, values: NDArray[np.integer | np.floating]) -> NDArray[np.uint8]:
        """Return the values of any shape as 8-bit grey.

        Raises:
            ImageError: the width is too small for the function.
        """
        return apply_window(values, center=self.center, width=self.width, function=self.function)


CT_WINDOWS: Mapping[str, Window] = {
    name: Window(center, width, unit="HU")
    for name, (center, width) in {
        "abdomen": (50, 400),
        "bone": (400, 1800),
        "brain": (40, 80),
        "liver": (30, 150),
        "lung": (-600, 1500),
        "mediastinum": (50, 350),
        "soft_tissue": (50, 400),
        "spine": (50, 250),
        "stroke": (40, 40),
        "subdural": (75, 215),
        "temporal_bone": (600, 2800),
    }.items()
}
"""Usual windows of computed tomography by what they show (centre, width in Hounsfield units).

Source: https://radiopaedia.org/articles/windowing-ct, "typical window width and level values"; ``subdural`` is the
middle of the range given there (width 130 to 300, centre 50 to 100).
"""

DARKEST_PERCENT, BRIGHTEST_PERCENT = 0.5, 99.5


def ct_window(name: str) -> Window:
    """Return a window of `CT_WINDOWS`.

    Raises:
        ImageError: there is none of this name.
    """
    if name not in CT_WINDOWS:
        raise ImageError(
            "CT window", got=f"'{name}'", expected="one of " + ", ".join(CT_WINDOWS), do="name one of them"
        )
    return CT_WINDOWS[name]


def percentile_window(values: NDArray[np.integer | np.floating]) -> Window:
    """Return the window from the 0.5 to the 99.5 percentile of values, for images without a scale of their own.

    Values that are not finite do not count; an image of one value gets a window of width 1 that shows it grey.

    Raises:
        ImageError: no value is finite.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ImageError("image values", got="none that is finite", expected="numbers", do="leave the image out")
    low, high = (float(value) for value in np.percentile(finite, (DARKEST_PERCENT, BRIGHTEST_PERCENT)))
    if low == high:
        low, high = float(finite.min()), float(finite.max())
    center, width = (float(f"{value:.6g}") for value in ((low + high) / 2, high - low or 1.0))
    return Window(center, width, "LINEAR_EXACT")


def apply_window(
    values: NDArray[np.integer | np.floating], *, center: float, width: float, function: VoiFunction = "LINEAR"
) -> NDArray[np.uint8]:
    """Map modality values (Hounsfield units, for example) to 8-bit grey by a VOI LUT function of DICOM.

    Args:
        values: modality values of any shape.
        center: window centre, in the unit of the values.
        width: window width in the same unit; at least 1 for ``LINEAR``, above 0 for the others.
        function: DICOM VOI LUT Function (0028,1056).

    Returns:
        Grey values of the same shape; 0 at and below the window, 255 above it (approached by ``SIGMOID``).

    Raises:
        ImageError: the width is too small.

    Source: DICOM PS3.3 C.11.2.1.2.1 (LINEAR) and C.11.2.1.3 (SIGMOID, LINEAR_EXACT).
    """
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise ImageError(
            "window width",
            got=f"{width:g}",
            expected=f"{'1 or more' if function == 'LINEAR' else 'more than 0'} (DICOM PS3.3 C.11.2.1.2)",
            do="correct the window of this image",
        )
    if function == "SIGMOID":  # C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w)); beyond 25 widths it is 0 or 1
        return to_uint8(1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -100, 100))))
    if function == "LINEAR_EXACT":  # C.11.2.1.3.2: (x - c) / w + 0.5
        return to_uint8((values - center) / width + 0.5)
    if width == 1:  # C.11.2.1.2.1: a threshold
        return np.where(values <= center - 0.5, 0, 255).astype(np.uint8)
    # C.11.2.1.2.1: (x - (c - 0.5)) / (w - 1) + 0.5
    return to_uint8((values - (center - 0.5)) / (width - 1) + 0.5)


def to_uint8(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map display shares in [0, 1] to 8-bit grey; what lies outside is clipped."""
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
