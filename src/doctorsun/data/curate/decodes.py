"""Samples whose images are not here, are damaged or have another size than their record are left out."""

from doctorsun.config.curation import Decodes
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.errors import ImageError
from doctorsun.schema import Sample


def decodes(candidate: Candidate, _settings: Decodes) -> Sample | Rejected:
    """Decode every image to its end; the pictures stay with the candidate for the steps that follow."""
    sample = candidate.sample
    for image in sample.images:
        if image.bytes is None:
            return Rejected("image_missing", image.path)
    try:
        decoded = candidate.images
    except ImageError as error:
        return Rejected("undecodable", error.text())
    for image, picture in zip(sample.images, (each.picture for each in decoded), strict=True):
        if (image.width, image.height) != picture.size:  # boxes would lie elsewhere
            found = f"{picture.width} x {picture.height} px, {image.width} x {image.height} in its record"
            return Rejected("other_size", found)
    return sample
