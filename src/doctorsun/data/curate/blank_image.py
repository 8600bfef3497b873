"""Samples with images that show nothing but background are left out: air, glass, a probe that touches nobody."""

import numpy as np
from numpy.typing import NDArray

from doctorsun.config.curation import BlankImage
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.image.content import content_share
from doctorsun.schema import Sample

_FRAMED_BY_MARKS = ("ultrasound",)


def blank_image(candidate: Candidate, settings: BlankImage) -> Sample | Rejected:
    """Refuse an image with too little content for its modality.

    Of ultrasound the middle half of width and height is looked at: name, scale and menu stand around it whether
    there is an echo or not.
    """
    modality = candidate.sample.modality
    least = settings.least_content_of.get(modality, settings.least_content)
    for image in candidate.images:
        grey = image.small_grey
        share = content_share(_middle(grey) if modality in _FRAMED_BY_MARKS else grey)
        if share < least:
            return Rejected("blank", f"{share:.2%} of it is not background")
    return candidate.sample


def _middle(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (side // 4 for side in grey.shape)
    return grey[rows:-rows, columns:-columns]
