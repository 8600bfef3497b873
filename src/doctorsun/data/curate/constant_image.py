"""Samples with images of one value are left out."""

import PIL.Image

from doctorsun.config.curation import ConstantImage
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample


def constant_image(candidate: Candidate, settings: ConstantImage) -> Sample | Rejected:
    """Refuse an image whose values, in every channel, lie within few levels."""
    for image in candidate.images:
        levels = _range(image.picture)
        if levels < settings.least_range:
            return Rejected("constant", f"values within {levels} of 255 levels")
    return candidate.sample


def _range(picture: PIL.Image.Image) -> int:
    """Return the largest distance between two values of a channel."""
    extrema = [channel.getextrema() for channel in picture.split()]
    return max(int(high) - int(low) for low, high in extrema)
