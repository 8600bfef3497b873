"""Which images the samples show: what has equal pixels is one image, whatever file it lies in."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from doctorsun.data.curate.sketch import Sketches

Numbers = NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class ShownImages:
    """One entry for each image of each sample, in order.

    Attributes:
        rows: the row of the sample.
        numbers: which of the sample's images it is.
        images: the image, counted from 0; equal pixels have one number, and where these are not known, equal files and
            then equal names.
        num_rows: samples in all.
    """

    rows: Numbers
    numbers: Numbers
    images: Numbers
    num_rows: int

    @classmethod
    def of(cls, sketches: Sketches) -> Self:
        """Return what the samples show; an image that is not here is known by its name, and without one by nothing."""
        pixels, files = (_flat(sketches, name) for name in ("pixel_sha256", "image_sha256"))
        known = pc.call_function("coalesce", [pixels, files])
        codes = known.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        lengths = sketches.table["pixel_sha256"].combine_chunks().value_lengths().to_numpy().astype(np.int64)
        rows = np.repeat(np.arange(len(sketches)), lengths)
        starts = np.cumsum(lengths) - lengths
        unknown = np.flatnonzero(codes < 0)
        codes[unknown] = codes.max(initial=-1) + 1 + _codes_of_names(sketches, unknown, rows[unknown])
        return cls(rows, np.arange(len(rows)) - np.repeat(starts, lengths), codes, len(sketches))

    @property
    def num_images(self) -> int:
        """Different images."""
        return int(self.images.max(initial=-1)) + 1

    def signatures(self, classes: Numbers | None = None) -> NDArray[np.uint64]:
        """Return a hash per sample: equal where the samples show the same images in the same order; 0 of none.

        Args:
            classes: the class of each image; images of one class then count as the same.
        """
        shown = self.images if classes is None else classes[self.images]
        found = np.zeros(self.num_rows, dtype=np.uint64)
        for number in range(int(self.numbers.max(initial=-1)) + 1):
            at = self.numbers == number
            found[self.rows[at]] = _mixed(
                found[self.rows[at]] * _MULTIPLIER + shown[at].astype(np.uint64) + np.uint64(1)
            )
        return found

    def of_row(self, row: int) -> list[int]:
        """Return the images of a sample."""
        start, end = np.searchsorted(self.rows, [row, row + 1])
        return self.images[start:end].tolist()


def _codes_of_names(sketches: Sketches, entries: Numbers, rows: Numbers) -> Numbers:
    """Return numbers for images by data set and path; one without a path is like no other."""
    datasets = sketches.table["dataset"].take(rows).to_pylist()
    paths = _flat(sketches, "image_path").take(pa.array(entries)).to_pylist()
    names = [(dataset, path or entry) for dataset, path, entry in zip(datasets, paths, entries.tolist(), strict=True)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _flat(sketches: Sketches, name: str) -> pa.Array:
    return sketches.table[name].combine_chunks().flatten()


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return state ^ (state >> np.uint64(31))
