"""Samples with images of one value are left out."""

from PIL.ImageStat import Stat

from doctorsun.config.curation import ConstantImage
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample


def constant_image(candidate: Candidate, settings: ConstantImage) -> Sample | Rejected:
    """Refuse an image whose values, in every channel, lie within few levels."""
    for image in candidate.images:
        levels = max(high - low for low, high in Stat(image.picture).extrema)
        if levels < settings.least_range:
            return Rejected("constant", f"values within {levels} of 255 levels")
    return candidate.sample
