"""A sample under examination: its pictures are decoded once for all steps; and why a sample is left out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import PIL.Image

from doctorsun.errors import ImageError
from doctorsun.image.raster import decode
from doctorsun.schema import Sample


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a sample is left out: a reason from a short fixed list (``too_small``), and what was found of this one."""

    reason: str
    detail: str = ""


class Candidate:
    """One sample under examination.

    Args:
        sample: with the bytes of its images, as far as the store holds them.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample

    @cached_property
    def pictures(self) -> tuple[PIL.Image.Image, ...]:
        """All images, decoded to 8-bit grey or colour.

        Raises:
            ImageError: one of them cannot be decoded, or is not here.
        """
        return tuple(_decoded(image.bytes, image.path) for image in self.sample.images)

    @cached_property
    def words(self) -> str:
        """The text of all turns, one per line."""
        return "\n".join(message.text for message in self.sample.messages)

    def with_sample(self, sample: Sample) -> Self:
        """Return the candidate with other words; what was decoded stays."""
        if sample is self.sample:
            return self
        other = type(self)(sample)
        if sample.images == self.sample.images and "pictures" in self.__dict__:
            other.__dict__["pictures"] = self.pictures
        return other


def _decoded(data: bytes | None, path: str) -> PIL.Image.Image:
    if data is None:
        got, do = "a reference without bytes", "import it again with its images"
        raise ImageError(f"image {path}", got=got, expected="the image itself", do=do)
    return decode(data)
