"""Run lengths of masks as COCO writes them: column by column, the first run is outside (pycocotools, maskApi.c)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHARACTER_BITS = 5


def mask_of_runs(segmentation: dict[str, Any]) -> NDArray[np.bool_]:
    """Return the mask [height, width] of ``{"size": [height, width], "counts": ...}``.

    Raises:
        ValueError: it is damaged: sizes or counts are missing, no numbers, or do not fill the mask.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not isinstance(counts, list | str):  # noqa: PLR2004
        raise ValueError("run lengths without size or counts")
    runs = np.asarray(_unpacked(counts) if isinstance(counts, str) else counts, dtype=np.int64)
    height, width = (int(length) for length in size)
    if (runs < 0).any() or runs.sum() != height * width:
        raise ValueError(f"run lengths of {runs.sum()} pixels for {width} x {height}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def _unpacked(text: str) -> list[int]:
    """Return the counts of the packed form: five bits a character, from the fourth on the difference to two before."""
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 0x1F) << shift
        shift += _CHARACTER_BITS
        if not bits & 0x20:
            if bits & 0x10:
                value |= -1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))  # noqa: PLR2004
            value, shift = 0, 0
    return counts
