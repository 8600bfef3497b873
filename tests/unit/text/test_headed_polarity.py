"""A yes or no behind a heading, and all that only looks like it."""

import pytest

from doctorsun.text.headed_polarity import headed_polarity
from doctorsun.text.polarity import polarity

HEADED = [
    ("Findings: No.", "no"),
    ("**Findings**: No", "no"),
    ("Impression: yes", "yes"),
    ("Presence of a nodule: Yes.", "yes"),
    ("占位效应：无。", "no"),
    ("占位效应：有", "yes"),
    ("是否有结节：否", "no"),
    ("有无胸腔积液：有", "yes"),
    ("占位效应 No.", "no"),
    ("占位效应 无", "no"),
    ("Pulmonary Yes.", "yes"),
    ("Pleural effusion YES", "yes"),
    ("Pleural effusion 否", "no"),
    ("<think>Findings: no</think>Findings: Yes.", "yes"),
]
WITHOUT = [
    "",
    "Yes.",
    "Findings: normal",
    "Findings: No. 3",
    "Findings: no nodule",
    "Findings: Yes, Impression: No",
    "Nodule: no; effusion: yes",
    "Nodule: No\nEffusion: No",
    "Chest radiograph. Contrast: no",
    "Answer yes or no: yes",
    "Not seen: yes",
    "No nodule: yes",
    "Uncertain: no",
    "Possible: yes",
    "未见结节：是",
    "可能：有",
    "未见 有",
    "是 否",
    "有 无",
    "Pulmonary nodule, yes",
    "Pulmonary no",
    "There is No",
    "in the No.",
    "I say Yes",
    "Rib No.",
    "Fig. No.",
    "1 No.",
    "3: yes",
    "Not Yes",
    "Nodule or cyst Yes",
    "Maxillary lateral toYes",
    "Is there a nodule? Yes",
    "占位效应无",
    "One two three four five Yes",
]


@pytest.mark.parametrize(("answer", "said"), HEADED)
def test_what_stands_behind_a_heading(answer, said):
    assert headed_polarity(answer) == said


@pytest.mark.parametrize("answer", WITHOUT)
def test_what_has_no_heading_says_nothing(answer):
    assert headed_polarity(answer) is None


@pytest.mark.parametrize(("answer", "said"), HEADED)
def test_the_first_rule_never_says_the_opposite(answer, said):
    assert polarity(answer) in (None, said)
