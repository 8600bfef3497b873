"""The licence gate: samples whose terms nobody has agreed to are left out."""

from doctorsun.config.curation import Licences
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.schema import Sample
from doctorsun.schema.licence import licence_class


def licences(candidate: Candidate, settings: Licences) -> Sample | Rejected:
    """Refuse a sample whose licence is of a class that is not allowed."""
    licence = candidate.sample.source.licence
    found = licence_class(licence)
    return candidate.sample if found in settings.allowed else Rejected("licence", f"{licence or 'none'} ({found})")
