"""Which images the samples show: what has equal pixels is one image, whatever file it lies in."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from doctorsun.data.curate.sketches import Sketches, digest_of, digests_of, flat, numbered

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
        digests, lengths, num = [np.empty((0, 2), np.uint64)], [np.empty(0, np.int64)], 0
        for table in sketches.tables("dataset", "image_path", "image_sha256", "pixel_sha256"):
            digests.append(_digests(table, num))
            lengths.append(table["image_path"].combine_chunks().value_lengths().to_numpy().astype(np.int64))
            num += len(digests[-1])
        images, numbers = numbered(np.concatenate(digests)), np.concatenate(lengths)
        rows, starts = np.repeat(np.arange(len(sketches)), numbers), np.cumsum(numbers) - numbers
        return cls(rows, np.arange(len(rows)) - np.repeat(starts, numbers), images, len(sketches))

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


def _digests(table: pa.Table, num_before: int) -> NDArray[np.uint64]:
    """Return digests of images: of pixels or file, else of data set and path; one without a path is like no other."""
    known = pc.call_function("coalesce", [flat(table, "pixel_sha256"), flat(table, "image_sha256")])
    found = digests_of(known).copy()
    unknown = np.flatnonzero(known.is_null().to_numpy(zero_copy_only=False))
    rows = np.repeat(np.arange(table.num_rows), table["image_path"].combine_chunks().value_lengths().to_numpy())
    datasets = table["dataset"].take(pa.array(rows[unknown])).to_pylist()
    paths = flat(table, "image_path").take(pa.array(unknown)).to_pylist()
    for entry, dataset, path in zip(unknown.tolist(), datasets, paths, strict=True):
        name = f"{dataset}\x1f{path}" if path else f"{num_before + entry}"
        found[entry] = np.frombuffer(digest_of(name), dtype=np.uint64)
    return found


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return state ^ (state >> np.uint64(31))
