"""Reports and captions say what the facts say, and nothing else."""

import numpy as np
import pytest

from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.measures import Measure
from doctorsun.data.convert.prose import annotated_caption
from doctorsun.data.convert.reports import caption_of, checklist_of, report_of
from doctorsun.data.convert.templates import load_annotated_templates, load_templates
from doctorsun.data.ontology.ontology import load_ontology

ONTOLOGY = load_ontology()
NORMAL = Facts(modality="fundus", findings=(Finding(name="haemorrhage", present=False),))
BLOTS, CUPPING = Finding(name="haemorrhage", present=True, count=2), Finding(name="cupping", present=True)
BLEEDING = Facts(modality="fundus", findings=(BLOTS, CUPPING))
UNSIDED = Facts(modality="chest_xray", findings=(Finding(name="effusion", present=True),))
BLEEDING_REPORT = (
    "Findings: Retinal haemorrhages are seen, 2 in number. "
    "The optic cup is enlarged; the cup-to-disc ratio is above 0.6.\n"
    "Impression: Retinal haemorrhage, glaucomatous cupping."
)
BLEEDING_REPORT_ZH = "所见：视网膜见出血斑，共2处。视杯扩大，杯盘比大于0.6。\n诊断意见：视网膜出血、视杯扩大。"


@pytest.mark.parametrize(
    ("facts", "language", "expected"),
    [
        (NORMAL, "en", "Findings: No retinal haemorrhage is seen.\nImpression: No abnormality."),
        (NORMAL, "zh", "所见：视网膜未见出血。\n诊断意见：未见异常。"),
        (BLEEDING, "en", BLEEDING_REPORT),
        (BLEEDING, "zh", BLEEDING_REPORT_ZH),
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


@pytest.mark.parametrize(("language", "sentence"), [("en", "A pleural effusion is seen."), ("zh", "可见胸腔积液。")])
def test_where_the_side_is_not_known_the_sentence_is_plain(language, sentence):
    assert sentence in report_of(UNSIDED, ONTOLOGY, load_templates(language))


NODULE = Finding(name="nodule", present=True, side="right", zone="upper", boxes=(0,))
CHEST = Facts(modality="chest_xray", findings=(NODULE, Finding(name="effusion", present=False)))


@pytest.mark.parametrize(
    ("language", "present", "absent"),
    [("en", "nodule (+) right ", "effusion (-)"), ("zh", "（+）右", "积液（-）")],
)
def test_a_checklist_gives_every_finding_its_sign_and_place(language, present, absent):
    texts = {checklist_of(CHEST, ONTOLOGY, load_templates(language), np.random.default_rng(n)) for n in range(12)}
    assert all(present in text and absent in text for text in texts)
    assert len(texts) > 2


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [(1, "en", "a red blood cell"), (3, "en", "red blood cells"), (1, "zh", "红细胞"), (3, "zh", "红细胞")],
)
def test_a_caption_gives_no_number_of_what_is_not_marked_completely(number, language, words):
    measure = Measure(
        name="red_blood_cell", boxes=tuple(range(number)), outlined=False, counted=False, complete=False, area_share=0.1
    )
    found = Finding(name="red_blood_cell", present=True, boxes=measure.boxes)
    facts = Facts(modality="blood_smear", anatomy="blood", findings=(found,), measures=(measure,))
    caption = annotated_caption(facts, ONTOLOGY, load_annotated_templates(language))
    assert caption == {"en": f"Blood smear showing {words}.", "zh": f"血涂片，可见{words}。"}[language]
