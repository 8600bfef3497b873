"""Reports and captions say what the facts say, and nothing else."""

import pytest

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.reports import caption_of, report_of
from doctorsun.data.convert.templates import load_templates
from doctorsun.data.ontology.ontology import load_ontology

ONTOLOGY = load_ontology()
NORMAL = Facts(modality="fundus", findings=(Finding(name="haemorrhage", present=False),))
BLEEDING = Facts(modality="fundus", findings=(Finding(name="haemorrhage", present=True, count=2), Finding(name="cupping", present=True)))  # fmt: skip
UNSIDED = Facts(modality="chest_xray", findings=(Finding(name="effusion", present=True),))


@pytest.mark.parametrize(
    ("facts", "language", "expected"),
    [
        (NORMAL, "en", "Findings: No retinal haemorrhage is seen.\nImpression: No abnormality."),
        (NORMAL, "zh", "所见：视网膜未见出血。\n诊断意见：未见异常。"),
        (BLEEDING, "en", "Findings: Retinal haemorrhages are seen, 2 in number. The optic cup is enlarged; the cup-to-disc ratio is above 0.6.\nImpression: Retinal haemorrhage, glaucomatous cupping."),
        (BLEEDING, "zh", "所见：视网膜见出血斑，共2处。视杯扩大，杯盘比大于0.6。\n诊断意见：视网膜出血、视杯扩大。"),
    ],
)  # fmt: skip
def test_report(facts, language, expected):
    assert report_of(facts, ONTOLOGY, load_templates(language)) == expected


@pytest.mark.parametrize(
    ("facts", "language", "expected"),
    [
        (NORMAL, "en", "Fundus photograph without abnormality."),
        (NORMAL, "zh", "眼底照片，未见异常。"),
        (BLEEDING, "en", "Fundus photograph showing retinal haemorrhage, glaucomatous cupping."),
        (BLEEDING, "zh", "眼底照片，可见视网膜出血、视杯扩大。"),
    ],
)
def test_caption(facts, language, expected):
    assert caption_of(facts, ONTOLOGY, load_templates(language)) == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_unknown_side_leaves_no_gap(language):
    text = report_of(UNSIDED, ONTOLOGY, load_templates(language))
    assert "  " not in text
