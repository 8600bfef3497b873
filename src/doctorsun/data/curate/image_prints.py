"""The fingerprints of all images, each as the best sample that shows it has them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from doctorsun.data.curate.shown_images import Numbers, ShownImages
from doctorsun.data.curate.sketches import Sketches, bytes_of, flat
from doctorsun.data.leak.views import NUM_VIEWS, telling_views
from doctorsun.image.fingerprint import FINGERPRINT_BYTES

_VIEWS = ("fingerprints", "inner")


@dataclass(frozen=True, slots=True)
class ImagePrints:
    """The different fingerprints of each image.

    Attributes:
        prints: [n, 32].
        images: which image each is of, ascending.
        views: which view of it.
        places: of the sample that lends each image for a second look.
        numbers: which image of that sample it is.
        lent: for each entry of `ShownImages` the image that it lends; -1 of the others.
    """

    prints: NDArray[np.uint8]
    images: NDArray[np.int32]
    views: NDArray[np.int8]
    places: Numbers
    numbers: Numbers
    lent: NDArray[np.int32]

    @classmethod
    def of(cls, sketches: Sketches, shown: ShownImages, ranks: Numbers) -> Self:
        """Read the fingerprints.

        Args:
            sketches: of the samples.
            shown: their images.
            ranks: of the samples; the best one that shows an image lends it.
        """
        entries = _entry_of_each(shown, ranks)
        lent = np.full(len(shown.images), -1, dtype=np.int32)
        lent[entries] = np.arange(len(entries))
        tells = np.zeros((len(entries), NUM_VIEWS), dtype=np.bool_)
        for images, known in known_prints(sketches, _VIEWS, lent):
            tells[images] = _is_telling(known)
        starts = np.cumsum(tells.sum(axis=1, dtype=np.int32)) - tells.sum(axis=1, dtype=np.int32)
        prints = np.empty((int(tells.sum()), FINGERPRINT_BYTES), dtype=np.uint8)
        for images, known in known_prints(sketches, _VIEWS, lent):
            own = tells[images]
            at = (starts[images][:, None] + np.cumsum(own, axis=1) - 1)[own]
            prints[at] = known[own]
        images, views = np.nonzero(tells)
        places, numbers = sketches.places[shown.rows[entries]], shown.numbers[entries]
        return cls(prints, images.astype(np.int32), views.astype(np.int8), places, numbers, lent)


def known_prints(
    sketches: Sketches, names: Sequence[str], lent: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
    """Yield images part by part, with what columns hold of fingerprints of them: [images, views, 32].

    Args:
        sketches: of the samples.
        names: of the columns.
        lent: as of `ImagePrints`.
    """
    start = 0
    for table in sketches.tables(*names):
        columns = [flat(table, name) for name in names]
        images = lent[start : start + len(columns[0])]
        start += len(images)
        is_known = images >= 0
        for column in columns:
            is_known &= column.is_valid().to_numpy(zero_copy_only=False)
        yield images[is_known], np.concatenate([_prints(column)[is_known] for column in columns], axis=1)


def _prints(column: pa.FixedSizeBinaryArray) -> NDArray[np.uint8]:
    return bytes_of(column).reshape(len(column), column.type.byte_width // FINGERPRINT_BYTES, FINGERPRINT_BYTES)


def _is_telling(prints: NDArray[np.uint8]) -> NDArray[np.bool_]:
    found = np.zeros(prints.shape[:2], dtype=np.bool_)
    found[telling_views(prints)] = True
    return found


def _entry_of_each(shown: ShownImages, ranks: Numbers) -> Numbers:
    """Return for each image its entry in the best sample that shows it."""
    order = np.lexsort((shown.numbers, ranks[shown.rows]))
    entries = np.empty(shown.num_images, dtype=np.int64)
    entries[shown.images[order[::-1]]] = order[::-1]  # the best is written last
    return entries
