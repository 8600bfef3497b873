"""A sample under examination: its pictures are decoded once for all steps; and why a sample is left out."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from doctorsun.data.curate.decoded import Decoded, decoded
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
    def images(self) -> tuple[Decoded, ...]:
        """All images, decoded.

        Raises:
            ImageError: one of them cannot be decoded, or is not here.
        """
        return tuple(decoded(image.bytes, image.path) for image in self.sample.images)

    @cached_property
    def words(self) -> str:
        """The text of all turns, one per line."""
        return "\n".join(message.text for message in self.sample.messages)

    def with_sample(self, sample: Sample) -> Self:
        """Return the candidate with other words; what was decoded stays."""
        if sample is self.sample:
            return self
        other = type(self)(sample)
        if sample.images == self.sample.images and "images" in self.__dict__:
            other.__dict__["images"] = self.images
        return other
