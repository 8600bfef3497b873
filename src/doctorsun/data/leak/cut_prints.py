"""Fingerprints of all parts that the cuts leave of a picture, at once: curation takes them of every picture."""

from functools import cache

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy.fft import dct

from doctorsun.data.leak.views import CUTS

Weights = NDArray[np.float64]

_SIDE_PX = 128  # of the copy that all parts are taken from
_VIEW_PX = 64
_LOW = 16
_SCALE = 2.0**15  # weights are whole numbers: their sums are exact, whatever the machine and the number of threads


def cut_fingerprints(picture: PIL.Image.Image) -> bytes:
    """Return the fingerprints of what each of the `CUTS` leaves of a picture, 32 bytes each.

    Cutting, resizing and the cosine transform are one matrix for the rows and one for the columns, so that no part is
    ever drawn. It is some bits from `fingerprint_of_grey` of the part.
    """
    grey = picture.convert("L").resize((_SIDE_PX, _SIDE_PX), PIL.Image.Resampling.BILINEAR, reducing_gap=3.0)
    rows, columns = _weights()
    low = (rows @ np.asarray(grey, dtype=np.float64) @ columns).reshape(len(CUTS), -1)
    return np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1).tobytes()


@cache
def _weights() -> tuple[Weights, Weights]:
    """Return the matrices of rows and of columns of each cut, [cuts, 16, side] and [cuts, side, 16]."""
    rows = np.stack([_low_of(top, bottom) for _, top, _, bottom in CUTS])
    columns = np.stack([_low_of(left, right).T for left, _, right, _ in CUTS])
    return rows, columns


def _low_of(before: float, behind: float) -> Weights:
    """Return the matrix that gives the low frequencies of a line without a share at its start and one at its end."""
    start, stop = before * _SIDE_PX, (1 - behind) * _SIDE_PX
    step = (stop - start) / _VIEW_PX
    centres = start + (np.arange(_VIEW_PX) + 0.5) * step
    pixels = np.arange(_SIDE_PX) + 0.5
    triangles = np.maximum(0, 1 - np.abs(pixels - centres[:, None]) / step) * ((pixels > start) & (pixels < stop))
    resized = triangles / triangles.sum(axis=1, keepdims=True)
    return np.rint(np.asarray(dct(resized, axis=0, norm="ortho"))[:_LOW] * _SCALE)
