"""The licence gate."""

import pytest
from small_samples import said

from doctorsun.config.curation import Licences
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.licences import licences
from doctorsun.schema import Source


@pytest.mark.parametrize("licence", ["MIT", "CC0-1.0", "CC BY 4.0", "CC-BY-SA-4.0"])
def test_free_licences_pass(licence):
    candidate = said("a", "b", source=Source(dataset="made", licence=licence))
    assert licences(candidate, Licences()) is candidate.sample


@pytest.mark.parametrize(
    ("licence", "detail"),
    [
        ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-4.0 (non-commercial)"),
        ("terms of use (research and education)", "terms of use (research and education) (non-commercial)"),
        ("Credentialed Health Data License 1.5.0", "Credentialed Health Data License 1.5.0 (agreement)"),
        ("unknown", "unknown (unknown)"),
        ("", "none (unknown)"),
    ],
)
def test_others_are_refused_with_their_class(licence, detail):
    candidate = said("a", "b", source=Source(dataset="made", licence=licence))
    assert licences(candidate, Licences()) == Rejected("licence", detail)


def test_an_allowed_class_passes():
    candidate = said("a", "b", source=Source(dataset="made", licence="CC-BY-NC-4.0"))
    assert licences(candidate, Licences(allowed=("non-commercial",))) is candidate.sample
