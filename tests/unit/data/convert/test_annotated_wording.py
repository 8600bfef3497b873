"""Closed replies about annotated images state what is so in a sentence, then the verdict; English verbs agree."""

from collections import defaultdict

import numpy as np
import pytest

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.convert.conversion import converted
from doctorsun.data.convert.questions import Evidence, Question, number_term
from doctorsun.data.convert.templates import load_annotated_templates, load_templates, word_question
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.ontology.terms import LANGUAGES
from doctorsun.image.geometry import box_of_mask
from doctorsun.schema import ImageFacts, Source
from doctorsun.text.polarity import LEXICON_1, polarity

ONTOLOGY = load_ontology()
SIZE = (60, 90)
SEEDS = range(60)


def marked(label, x0, y0, x1, y1):
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[y0:y1, x0:x1] = True
    return AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask)


def boxed(label, *box):
    return AnnotatedObject(label=label, box_px=box)


def samples_of(**known):
    image = AnnotatedImage(
        original_id="1", picture=np.zeros(SIZE, dtype=np.uint8), source=Source(dataset="own", original_id="1"), **known
    )
    return [sample for seed in SEEDS for sample in converted(image, np.random.default_rng(seed), ONTOLOGY)]


CELLS = {
    "modality": "blood_smear", "anatomy": "blood", "department": "haematology",
    "labels": {"platelet": True, "white_blood_cell": True},
    "objects": (
        *(boxed("platelet", 9 * i, 50, 9 * i + 4, 54) for i in range(3)), boxed("white_blood_cell", 2, 2, 22, 18),
    ),
}  # fmt: skip
TUMOUR = {
    "modality": "ct", "plane": "axial", "anatomy": "abdomen", "department": "radiology",
    "labels": {"kidney_tumour": True, "liver_tumour": True, "kidney_stone": False, "gallstone": False},
    "acquisition": ImageFacts(spacing_mm=(0.7, 0.7), orientation="L\\P"),
    "objects": (marked("kidney_tumour", 70, 24, 80, 34), marked("liver_tumour", 5, 5, 35, 15),
                marked("liver_tumour", 5, 30, 35, 40)),
}  # fmt: skip
STATED = [
    (CELLS, "modality", "This is a blood smear.", "这是血涂片。"),
    (CELLS, "department", "The image belongs to the department of haematology.", "该图像属于血液科。"),
    (CELLS, "number:platelet", "The image shows 3 platelets.", "图中有3个血小板。"),
    (CELLS, "place:white_blood_cell", "The white blood cell is in the upper left part of the picture.",
     "白细胞位于图像左上部。"),
    (CELLS, "more", "There are more platelets than white blood cells.", "血小板多于白细胞。"),
    (TUMOUR, "plane", "This is an axial slice.", "该层面为轴位。"),
    (TUMOUR, "organ", "The image shows the abdomen.", "图中显示的是腹部。"),
    (TUMOUR, "side:kidney_tumour", "The kidney tumour is on the patient's left.", "肾肿瘤位于患者左侧。"),
    (TUMOUR, "areas:liver_tumour", "The image shows 2 separate regions of liver tumour.",
     "图中有2处互不相连的肝脏肿瘤。"),
    (TUMOUR, "larger", "The area of the liver tumour is larger than that of the kidney tumour.",
     "肝脏肿瘤的面积大于肾肿瘤。"),
    (TUMOUR, "presence:kidney_tumour", "The image shows a kidney tumour.", "图中可见肾肿瘤。"),
    (TUMOUR, "presence:gallstone", "The image shows no gallstone.", "图中未见胆囊结石。"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "task", "english", "chinese"), STATED)
def test_a_closed_reply_states_what_is_so_whatever_was_asked(known, task, english, chinese):
    replies = defaultdict(set)
    for sample in samples_of(**known):
        if sample.task == task and sample.answer.kind == "closed":
            replies[sample.language].add(sample.messages[1].text)
    assert replies["en"] <= {f"{english} Yes.", f"{english} No."}
    assert replies["zh"] <= {f"{chinese}是。", f"{chinese}否。"}
    assert replies["en"]
    assert replies["zh"]


@pytest.mark.parametrize("known", [CELLS, TUMOUR])
def test_every_closed_reply_is_judged_as_its_gold(known):
    closed = [sample for sample in samples_of(**known) if sample.answer and sample.answer.kind == "closed"]
    assert len(closed) > 100
    for sample in closed:
        expected = "yes" if sample.answer.gold[0] in ("yes", "是") else "no"
        assert polarity(sample.messages[1].text, LEXICON_1) == expected
        assert "(+)" not in sample.messages[1].text
        assert "（" not in sample.messages[1].text


def worded(name, family, seed, **more):
    term = ONTOLOGY.finding(name).term
    question = Question(
        kind="closed", task=f"presence:{name}", family=family, slots={"finding": term, **more}, truth=True,
        evidence=Evidence(name=term, present=True, detail=more.get("place")),
    )  # fmt: skip
    return word_question(question, load_annotated_templates("en"), np.random.default_rng(seed))


def test_the_verbs_of_a_question_agree_with_a_plural_name():
    place = ONTOLOGY.places["centre"]
    drusen = {worded("drusen", "presence", seed).text for seed in range(20)}
    assert drusen == {"Are there drusen?", "Are drusen seen on this image?", "Does this image show drusen?"}
    assert {worded("polyp", "presence", seed).text for seed in range(20)} >= {"Is there a polyp?"}
    where = {worded("streaks", "place", seed, place=place).text for seed in range(20)}
    assert {"Are the streaks in the centre of the picture?", "Do the streaks lie in the centre of the picture?"} < where
    assert worded("streaks", "place", 1, place=place).reply == "The streaks are in the centre of the picture. Yes."


def test_what_is_defined_for_a_drawn_finding_is_not_asked_of_a_label():
    for language in LANGUAGES:
        drawn, annotated = (load(language).families for load in (load_templates, load_annotated_templates))
        assert "presence:mass_effect" in drawn["closed"]
        assert "presence:mass_effect" in drawn["negated"]
        assert not [name for kind in ("closed", "negated") for name in annotated[kind] if "presence:" in name]
        assert drawn["closed"]["plane"] == annotated["closed"]["plane"]


def test_languages_have_the_same_families_states_and_words():
    english, chinese = load_annotated_templates("en"), load_annotated_templates("zh")
    assert {kind: set(table) for kind, table in english.families.items()} == {
        kind: set(table) for kind, table in chinese.families.items()
    }
    assert set(english.states) == set(chinese.states)
    assert set(english.words) == set(chinese.words)


def test_a_family_without_a_statement_keeps_the_entry_of_a_checklist():
    term = ONTOLOGY.finding("nodule").term
    question = Question(
        kind="closed", task="count:nodule", family="count", slots={"finding": term, "limit": number_term(1)},
        truth=True, evidence=Evidence(name=term, present=True, detail=number_term(2)),
    )  # fmt: skip
    wording = word_question(question, load_annotated_templates("en"), np.random.default_rng(0))
    assert wording.reply == "Pulmonary nodule (+) 2. Yes."
