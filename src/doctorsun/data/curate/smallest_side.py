"""Samples with images too small to show anything are left out."""

from doctorsun.config.curation import SmallestSide
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample


def smallest_side(candidate: Candidate, settings: SmallestSide) -> Sample | Rejected:
    """Refuse an image whose shorter side has too few pixels."""
    for image in candidate.sample.images:
        if min(image.width, image.height) < settings.least_px:
            return Rejected("too_small", f"{image.width} x {image.height} px")
    return candidate.sample
