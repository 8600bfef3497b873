"""Conversion of real images: what is said follows from the annotation, in both languages, and nothing else is said."""

import json
from collections import Counter

import numpy as np
import pytest

from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject, HumanText
from doctorsun.data.convert.conversion import converted
from doctorsun.data.convert.samples import question_mix
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.errors import DataError
from doctorsun.image.geometry import box_of_mask
from doctorsun.schema import Answer, ImageFacts, Source

ONTOLOGY = load_ontology()
SIZE = (60, 90)


def image(**more):
    return AnnotatedImage(
        original_id="1", picture=np.zeros(SIZE, dtype=np.uint8), source=Source(dataset="own", original_id="1"), **more
    )


def made(seed=0, **more):
    return converted(image(**more), np.random.default_rng(seed), ONTOLOGY)


def texts(task, seed=0, **more):
    return {sample.language: sample.messages[1].text for sample in made(seed, **more) if sample.task == task}


def disc(label, x, y, radius=8):
    rows, columns = np.ogrid[: SIZE[0], : SIZE[1]]
    mask = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return AnnotatedObject(label=label, box_px=box_of_mask(mask), mask=mask)


POLYP = {"modality": "colonoscopy", "anatomy": "colon", "labels": {"polyp": True}, "objects": (disc("polyp", 70, 12),)}
MILD = {"modality": "fundus", "anatomy": "retina", "labels": {"mild_npdr": True}}
CELLS = {
    "modality": "blood_smear", "anatomy": "blood", "labels": {"platelet": True, "red_blood_cell": True},
    "objects": (
        *(AnnotatedObject(label="red_blood_cell", box_px=(9 * i, 40, 9 * i + 8, 48)) for i in range(4)),
        AnnotatedObject(label="platelet", box_px=(40, 2, 45, 7)),
    ),
}  # fmt: skip
TUMOUR = {
    "modality": "ct", "plane": "axial", "anatomy": "abdomen", "labels": {"kidney_tumour": True, "left_kidney": True},
    "acquisition": ImageFacts(spacing_mm=(0.7, 0.7), orientation="L\\P"), "department": "urology",
    "objects": (disc("kidney_tumour", 70, 30), AnnotatedObject(label="left_kidney", box_px=(55, 10, 88, 50))),
}  # fmt: skip
CHEST = {
    "modality": "chest_xray",
    "anatomy": "chest",
    "labels": {"effusion": True, "mass": True, "nodule": False, "emphysema": False},
}
NORMAL = {"modality": "chest_xray", "anatomy": "chest", "labels": {"nodule": False, "mass": False, "no_finding": True}}
CLEAR = {"modality": "chest_xray", "anatomy": "chest", "labels": {"nodule": False, "mass": False}}
ORGAN = {"modality": "ct", "anatomy": "abdomen", "labels": {"liver": True}, "objects": (disc("liver", 20, 30),)}


CAPTIONS = [
    (POLYP, "Colonoscopic image showing a polyp in the upper right part of the picture."),
    (POLYP, "结肠镜图像，可见息肉（图像右上部）。"),
    (MILD, "Fundus photograph showing mild non-proliferative diabetic retinopathy."),
    (MILD, "眼底照片，可见轻度非增殖性糖尿病视网膜病变。"),
    (CELLS, "Blood smear showing a platelet in the upper middle part of the picture and 4 red blood cells."),
    (CELLS, "血涂片，可见血小板（图像上部正中）、红细胞4个。"),
    (TUMOUR, "CT image of the abdomen showing a kidney tumour on the patient's left."),
    (TUMOUR, "腹部CT图像，可见肾肿瘤（患者左侧）。"),
    (CHEST, "Chest radiograph showing a pleural effusion and a pulmonary mass."),
    (CHEST, "胸部X线片，可见胸腔积液、肺部肿块。"),
    (NORMAL, "Chest radiograph: no finding."),
    (NORMAL, "胸部X线片，未见异常。"),
    (CLEAR, "Chest radiograph without pulmonary nodule or pulmonary mass."),
    (CLEAR, "胸部X线片，未见肺结节、肺部肿块。"),
    (ORGAN, "CT image of the abdomen showing the liver."),
    (ORGAN, "腹部CT图像，可见肝脏。"),
]


@pytest.mark.parametrize(("known", "caption"), CAPTIONS)
def test_captions(known, caption):
    assert caption in texts("caption", **known).values()


REPORTS = [
    (
        TUMOUR,
        ["The image shows a kidney tumour on the patient's left, covering 4% of the picture.", "Kidney tumour."],
        ["图中可见肾肿瘤（患者左侧），约占图像的4%。", "肾肿瘤。"],
    ),
    (
        CHEST,
        [
            (
                "The image shows a pleural effusion. The image shows a pulmonary mass. "
                "The image shows no pulmonary nodule or emphysema."
            ),
            "Pleural effusion and pulmonary mass.",
        ],
        ["图中可见胸腔积液。图中可见肺部肿块。图中未见肺结节、肺气肿。", "胸腔积液、肺部肿块。"],
    ),
    (
        MILD,
        [f"{start}ild non-proliferative diabetic retinopathy." for start in ("The image shows m", "M")],
        ["图中可见轻度非增殖性糖尿病视网膜病变。", "轻度非增殖性糖尿病视网膜病变。"],
    ),
    (
        NORMAL,
        ["The image shows no pulmonary nodule or pulmonary mass.", "No abnormality."],
        ["图中未见肺结节、肺部肿块。", "未见异常。"],
    ),
    (
        CLEAR,
        ["The image shows no pulmonary nodule or pulmonary mass.", "No pulmonary nodule or pulmonary mass."],
        ["图中未见肺结节、肺部肿块。", "未见肺结节、肺部肿块。"],
    ),
]


@pytest.mark.parametrize(("known", "english", "chinese"), REPORTS)
def test_reports(known, english, chinese):
    assert texts("report", **known) == {
        "en": "Findings: {}\nImpression: {}".format(*english),
        "zh": "所见：{}\n诊断意见：{}".format(*chinese),
    }


def test_an_image_that_is_normal_by_its_only_label_is_reported_so():
    assert texts("report", modality="oct", anatomy="retina", labels={"normal_retina": True})["en"] == (
        "Findings: No abnormality.\nImpression: No abnormality."
    )


@pytest.mark.parametrize("known", [ORGAN, CELLS, {"modality": "ct"}, {"labels": {}}])
def test_structures_and_cells_alone_make_no_report(known):
    assert texts("report", **known) == {}


def test_without_a_modality_or_findings_there_is_no_caption():
    assert texts("caption", labels={"polyp": True}) == {}
    assert texts("caption", modality="ct") == {}


EVERY = (POLYP, MILD, CELLS, TUMOUR, CHEST, NORMAL, CLEAR, ORGAN)


@pytest.mark.parametrize("known", EVERY)
def test_every_sample_is_whole_and_has_its_translation(known):
    for seed in range(12):
        samples = made(seed, **known)
        ids = {sample.id for sample in samples}
        assert len(ids) == len(samples)
        assert {sample.variant.of for sample in samples if sample.variant} <= ids
        kinds = Counter(sample.variant.kind if sample.variant else "" for sample in samples)
        assert kinds[""] == kinds["translation"]
        for sample in samples:
            user, reply = (message.text for message in sample.messages)
            assert "{" not in user + reply
            assert user.strip()
            assert reply.strip()
            assert any("\u4e00" <= character <= "\u9fff" for character in user) == (sample.language == "zh")


@pytest.mark.parametrize("known", EVERY)
def test_the_same_stream_gives_the_same_samples(known):
    assert made(4, **known) == made(4, **known)


def test_yes_and_no_stay_in_balance_over_a_set_of_images():
    rows = [("melanoma", "nevus", "dermatofibroma")[number % 3] for number in range(60)]
    mix = Counter()
    for seed, name in enumerate(rows):
        samples = made(seed, modality="dermoscopy", anatomy="skin", labels={name: True})
        for task, answers in question_mix(samples).items():
            if task.startswith("presence"):
                mix.update(answers)
    assert 0.4 < mix["yes"] / mix.total() < 0.6


def test_facts_go_with_every_sample():
    written = {sample.facts for sample in made(**TUMOUR)}
    assert len(written) == 1
    measures = json.loads(written.pop())["measures"]
    assert [(row["name"], row["side"], row["side_from"]) for row in measures] == [
        ("kidney_tumour", "left", "region"), ("left_kidney", "left", "label"),
    ]  # fmt: skip


REPORT = HumanText(kind="report", language="en", text="Heart size normal.\nLungs clear.")
ASKED = HumanText(
    kind="question",
    language="zh",
    question="有气胸吗？",
    text="没有。",
    answer=Answer(kind="closed", gold=("否",)),
    task="presence",
)


def test_what_people_wrote_stays_and_is_asked_for_in_both_languages():
    samples = [sample for sample in made(texts=(REPORT,), **CHEST) if sample.task == "report"]
    assert [sample.messages[1].text for sample in samples] == [REPORT.text, REPORT.text]
    assert [sample.language for sample in samples] == ["en", "mixed"]
    assert "英文" in samples[1].messages[0].text
    assert samples[1].variant.of == samples[0].id
    assert {sample.made_by.method for sample in samples} == {"human"}
    assert samples[0].made_by.template.startswith("en/report/report#")


def test_a_persons_report_takes_the_place_of_the_written_one_but_not_of_the_caption():
    tasks = Counter(sample.task for sample in made(texts=(REPORT,), **CHEST))
    assert (tasks["report"], tasks["caption"]) == (2, 2)


def test_a_persons_question_is_asked_as_it_was():
    (sample,) = [sample for sample in made(texts=(ASKED,)) if sample.made_by.method == "human"]
    assert (sample.messages[0].text, sample.messages[1].text) == ("有气胸吗？", "没有。")
    assert (sample.answer, sample.language, sample.task, sample.made_by.template) == (
        ASKED.answer,
        "zh",
        "presence",
        "",
    )


@pytest.mark.parametrize(
    ("field", "table"),
    [("modality", "modalities"), ("plane", "planes"), ("anatomy", "organs"), ("department", "departments")],
)
def test_what_the_ontology_lacks_is_refused(field, table):
    with pytest.raises(DataError, match=f"ontology: {table}: got 'unheard_of'"):
        made(**{field: "unheard_of"})


def test_several_boxes_are_pointed_at_together_and_not_scored():
    found = [sample for seed in range(4) for sample in made(seed, **CELLS) if sample.task == "boxes:red_blood_cell"]
    pointers = "<box>#0</box><box>#1</box><box>#2</box><box>#3</box>"
    assert {sample.messages[1].text for sample in found} == {
        f"<ref>red blood cell</ref>{pointers}", f"<ref>红细胞</ref>{pointers}",
    }  # fmt: skip
    assert {sample.answer for sample in found} == {None}
