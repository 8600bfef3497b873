"""Samples with images that are strips are left out: nothing of them is left at the size of a network's input."""

from doctorsun.config.curation import Aspect
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample


def aspect(candidate: Candidate, settings: Aspect) -> Sample | Rejected:
    """Refuse an image whose longer side is too many times its shorter one."""
    for image in candidate.sample.images:
        shorter, longer = sorted((image.width, image.height))
        if longer > settings.most * shorter:
            return Rejected("strip", f"{image.width} x {image.height} px")
    return candidate.sample
