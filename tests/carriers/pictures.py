"""Pictures and tables of miniature data sets: small, different from each other, and the same on every run."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray


def grey(seed: int, height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """Return a grey picture ``[height, width]``."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def colour(seed: int, height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """Return a colour picture ``[height, width, 3]``."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def boxes_mask(boxes: Iterable[tuple[int, int, int, int]], height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """Return a mask ``[height, width]``: 255 inside the boxes (x0, y0, x1, y1; x1 and y1 outside), 0 elsewhere."""
    mask = np.zeros((height, width), np.uint8)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = 255
    return mask


def write_picture(path: Path, pixels: NDArray[np.uint8], **options: int) -> None:
    """Write a picture in the format that its name tells, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path, **options)


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, its header the first row; a name that ends in .gz is compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
