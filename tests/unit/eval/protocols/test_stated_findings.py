"""Findings and sides read from reports: on every kind of phantom exactly, and on awkward sentences."""

import json

import pytest

from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.readers.phantom import MODALITIES, phantom_item
from doctorsun.eval.protocols.stated_findings import findings_stated

SENTENCES = [
    ("No pleural effusion or pneumothorax. The heart size is normal.", {}),
    ("There is a small left pleural effusion, with adjacent atelectasis.", {"effusion": "left", "atelectasis": ""}),
    ("Bilateral pleural effusions and right pneumothorax.", {"effusion": "left right", "pneumothorax": "right"}),
    ("Left and right pleural effusions.", {"effusion": "left right"}),
    ("Effusion on the left and pneumothorax on the right.", {"effusion": "left", "pneumothorax": "right"}),
    ("Right effusion and atelectasis.", {"effusion": "right", "atelectasis": "right"}),
    ("No pneumothorax, but there is a right effusion.", {"effusion": "right"}),
    ("No effusion, however a nodule is seen in the right upper lobe.", {"nodule": "right"}),
    ("Pneumonia cannot be excluded.", {"pneumonia": ""}),
    ("No significant change in the right pleural effusion.", {"effusion": "right"}),
    ("Effusion: none. Nodule: absent. Pneumothorax (-).", {}),
    ("Pneumothorax is not seen. Cardiomegaly is present.", {"cardiomegaly": ""}),
    ("Resolved right pneumothorax. New left lower lobe pneumonia.", {"pneumonia": "left"}),
    ("A cyst is seen in the right kidney.", {"renal_cyst": "right"}),
    ("Calcified granuloma; granuloma in the left lung.", {"calcified_granuloma": ""}),
    ("The lungs are clear.", {}),
    ("Airspace opacities in the right lung. Lung metastases.", {"lung_opacity": "right", "lung_metastasis": ""}),
    ("Cardiomegaly without pulmonary edema, with small effusions.", {"cardiomegaly": "", "effusion": ""}),
    ("No focal consolidation, pleural effusion, or pneumothorax is seen.", {}),
    ("The right effusion has resolved. The left effusion has decreased.", {"effusion": "left"}),
    ("Mild degenerative changes. Heart size is mildly enlarged.", {"degenerative_change": "", "cardiomegaly": ""}),
    ("A mass in the liver. A cyst in the thyroid.", {}),
    (
        "Calcification in the left breast. Cerebral hemorrhage.",
        {
            "breast_calcification": "left",
            "intraparenchymal_haemorrhage": "",
        },
    ),
    ("双肺未见结节影，右侧胸腔积液。", {"effusion": "right"}),
    ("右肺上叶占位，左侧基底节区脑出血。", {"mass": "right", "intraparenchymal_haemorrhage": "left"}),
    ("甲状腺右叶结节，胰腺肿块。", {"thyroid_nodule": "", "pancreatic_tumour": ""}),
    ("左肺上叶见结节影，伴空洞。", {"nodule": "left", "lung_cavity": ""}),
    ("未见气胸及胸腔积液。", {}),
    ("胸腔积液（-），气胸（+）右侧。", {"pneumothorax": "right"}),
    ("双侧胸腔积液较前吸收。", {}),
    ("肺炎不能除外。", {"pneumonia": ""}),
    ("不除外肺结核。", {"tuberculosis": ""}),
    ("见无回声囊肿。", {"breast_cyst": ""}),
    ("左、右侧胸腔积液", {"effusion": "left right"}),
    ("肝内见钙化，右肾见囊肿。", {"calcification": "", "renal_cyst": "right"}),
    ("未见明显异常", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "stated"), SENTENCES)
def test_findings_of_a_sentence(text, stated):
    expected = {name: frozenset(sides.split()) for name, sides in stated.items()}

    assert findings_stated(text) == expected


@pytest.mark.parametrize("number", range(2 * len(MODALITIES)))
def test_reports_of_phantoms_state_what_was_drawn(number):
    ontology = load_ontology()
    reports = [sample for sample in phantom_item(5, "test", number) if sample.task == "report"]
    assert {sample.language for sample in reports} == {"en", "zh"}
    for sample in reports:
        drawn = {
            finding["name"]: frozenset({finding["side"]} - {""})
            for finding in json.loads(sample.facts)["findings"]
            if finding["present"] and ontology.kind(finding["name"]) != "cell"
        }

        assert findings_stated(sample.answer.gold[0], sample.modality) == drawn


def test_a_finding_of_another_modality_is_not_meant():
    assert findings_stated("cyst", "ultrasound") == {"breast_cyst": frozenset()}
    assert findings_stated("cyst", "chest_xray") == {}
