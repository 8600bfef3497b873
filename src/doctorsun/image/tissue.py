"""Where tissue lies on a slide: stain has colour, glass has none."""

import numpy as np
from numpy.typing import NDArray

BINS = 256
LEAST_SATURATION, MOST_SATURATION = 0.05, 0.2  # the threshold where a slide is all tissue or has none
LEAST_BRIGHTNESS = 0.15  # darker than any stain: edges of the glass and ink, whose colour is noise
LEAST_SHARE = 1e-4  # of the slide; smaller spots are dust


def tissue_mask(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where a slide holds tissue, by Otsu's threshold on the saturation of its colours.

    Coloured ink counts as tissue; black ink does not.

    Args:
        picture: ``[height, width, 3]``, the whole slide at low resolution.

    Returns:
        ``[height, width]``, without dust and with the holes of a few pixels filled.

    Source: N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9 (1979) 62-66.
    """
    from scipy import ndimage  # half a second, which sources without slides need not spend

    saturation, brightness = _saturation_and_brightness(picture)
    lit = brightness >= LEAST_BRIGHTNESS
    threshold = np.clip(otsu_threshold(saturation[lit]), LEAST_SATURATION, MOST_SATURATION)
    mask = ndimage.binary_closing(lit & (saturation > threshold), iterations=2, border_value=0)
    mask |= lit & (saturation > threshold)  # closing wears away what touches the edge
    spots = np.asarray(ndimage.label(mask)[0])  # pyright: ignore[reportIndexIssue]
    return (np.bincount(spots.ravel()) >= LEAST_SHARE * mask.size)[spots] & mask


def otsu_threshold(values: NDArray[np.floating]) -> float:
    """Return the value in [0, 1] that parts values into two classes whose means lie furthest apart.

    Returns:
        The upper edge of the last bin of the lower class; 0 where there are no values.
    """
    counts, edges = np.histogram(values, bins=BINS, range=(0, 1))
    centers = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centers)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = sums / below - (sums[-1] - sums) / above
        spread = np.nan_to_num(below * above * distance**2)  # Otsu's between-class variance, eq. 18, times N squared
    return float(edges[1:][spread.argmax()]) if spread.any() else 0.0


def _saturation_and_brightness(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return S and V of the HSV model, both [height, width] from 0 to 1."""
    brightest = picture.max(axis=-1).astype(np.float64)
    darkest = picture.min(axis=-1).astype(np.float64)
    saturation = np.divide(brightest - darkest, brightest, out=np.zeros_like(brightest), where=brightest > 0)
    return saturation, brightest / 255
