"""The shipped ontology is whole, and a damaged one is refused with its place."""

import pytest

from doctorsun.data.ontology.ontology import load_ontology, parse_ontology
from doctorsun.errors import DataError

PLACES = """
modalities: {xray: {zh: [X线], en: [X-ray]}}
planes: {}
organs: {}
departments: {}
sides: {}
eyes: {}
zones: {}
sizes: {}
regions: {}
"""
FINDING = """
nodule:
  modality: xray
  zh: [结节]
  en: [nodule]
  an: a nodule
  asks: [presence]
  siblings: []
  appearance: {en: Round., zh: 圆形。}
  present: {en: Seen., zh: 可见。}
  absent: {en: Not seen., zh: 未见。}
"""


def test_every_finding_has_terms_and_sentences_in_both_languages():
    for finding in load_ontology().findings.values():
        assert finding.zh
        assert finding.en
        for text in (finding.appearance, finding.present, finding.absent):
            assert text.in_language("zh")
            assert text.in_language("en").endswith(".")


def test_siblings_share_the_modality():
    findings = load_ontology().findings
    for finding in findings.values():
        assert {findings[name].modality for name in finding.siblings} <= {finding.modality}


def test_what_may_be_asked_is_backed_by_its_fields():
    for finding in load_ontology().findings.values():
        assert ("side" in finding.asks) <= bool(finding.regions)
        assert ("zone" in finding.asks) == bool(finding.zones)
        assert ("size" in finding.asks) == (finding.size is not None)


def test_term_names_and_phrases():
    term = load_ontology().finding("nodule").term
    assert (term.name("zh"), term.name("en"), term.phrase("en"), term.phrase("zh")) == (
        "肺结节", "pulmonary nodule", "a pulmonary nodule", "肺结节",
    )  # fmt: skip
    assert load_ontology().sides["left"].phrase("en") == "left"


def test_unknown_finding_names_the_known_ones():
    with pytest.raises(DataError, match="finding: got 'nodul', expected one of asymmetry, brain_lesion"):
        load_ontology().finding("nodul")


def test_broken_yaml_is_refused():
    with pytest.raises(DataError, match="ontology: got while parsing"):
        parse_ontology(PLACES + "\n  {", FINDING)


def test_unknown_key_names_its_entry():
    with pytest.raises(DataError, match=r"ontology: findings.nodule.colour: got 'red'"):
        parse_ontology(PLACES, FINDING + "  colour: red\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("modality: xray", "modality: ct", "findings.nodule.modality: got 'ct', expected one of xray"),
        ("siblings: []", "siblings: [mass]", "findings.nodule.siblings: got 'mass', expected one of nodule"),
        ("siblings: []", "siblings: []\n  regions: [lung]", "findings.nodule.regions: got 'lung'"),
        ("siblings: []", "siblings: []\n  zones: [top]", "findings.nodule.zones: got 'top'"),
    ],
)
def test_names_that_do_not_exist_are_refused(old, new, message):
    with pytest.raises(DataError, match=message):
        parse_ontology(PLACES, FINDING.replace(old, new))
