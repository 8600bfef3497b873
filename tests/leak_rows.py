"""Training samples in memory, as the search for leaks reads them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image

from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import words_of
from doctorsun.image.raster import image_record
from doctorsun.schema import Image, Sample


@dataclass(frozen=True)
class SampleRows:
    """Reads samples by their places in a list."""

    samples: Sequence[Sample]

    def picture(self, place: int, number: int) -> bytes | None:
        """Return the bytes of an image."""
        return self.samples[place].images[number].bytes

    def words(self, place: int) -> str:
        """Return the text of all turns."""
        return words_of(self.samples[place])


def indexed(samples: Sequence[Sample]) -> Tested:
    """Return questions as a test of the name ``own``; its class has a name that pytest takes for a test's."""
    return Tested("own", samples)


def picture(seed: int, name: str = "PNG", width: int = 96, height: int = 80) -> Image:
    """Return a smooth picture of its own; of one seed, nearly the same whatever the format and the size."""
    coarse = np.random.default_rng(seed).integers(0, 256, size=(9, 11), dtype=np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(coarse).resize((width, height), PIL.Image.Resampling.BICUBIC).save(buffer, name)
    return image_record(buffer.getvalue())
