"""Yes and no in both languages."""

import pytest

from doctorsun.text.polarity import LEXICON_1, bare_polarity, polarity

ANSWERS = [
    ("yes", "yes"),
    ("Yes.", "yes"),
    ("**Yes**", "yes"),
    ("Yes, the heart is abnormal.", "yes"),
    ("Yes, no effusion is seen.", "yes"),
    ("No", "no"),
    ("No.", "no"),
    ("No evidence of pneumothorax.", "no"),
    ("Not seen", "no"),
    ("The answer is no.", "no"),
    ("Answer: Yes", "yes"),
    ("**Answer**: No", "no"),
    ("It is large. So the answer is yes.", "yes"),
    ("Therefore, no.", "no"),
    ("So-called no-reflow", None),
    ("Therefore it is not clear", None),
    ("因此，答案是否。", "no"),
    ("所以没有。", "no"),
    ("因此是正常的", None),
    ("其故有二", None),
    ("<think>maybe no</think>Yes", "yes"),
    ("<think>No, I think", None),
    ("\\boxed{No}", "no"),
    ("Normal study.", None),
    ("not normal", None),
    ("Unknown", None),
    ("yes and no", None),
    ("yes no yes no", None),
    ("Yes/No", None),
    ("No, yes", None),
    ("No idea", None),
    ("No. 3 rib", None),
    ("Non-contrast", None),
    ("", None),
    ("present", "yes"),
    ("Absent.", "no"),
    ("Nodule present", None),
    ("no-one", None),
    ("None", None),
    ("是", "yes"),
    ("是的。", "yes"),
    ("是，有结节。", "yes"),
    ("有", "yes"),
    ("有结节", "yes"),
    ("没有", "no"),
    ("没有结节", "no"),
    ("未见胸腔积液。", "no"),
    ("无", "no"),
    ("无。", "no"),
    ("不是", "no"),
    ("不是。", "no"),
    ("否", "no"),
    ("否。", "no"),
    ("存在", "yes"),
    ("不存在", "no"),
    ("可以", "yes"),
    ("不可以", "no"),
    ("包含", "yes"),
    ("不包含", "no"),
    ("是的，未见异常。", "yes"),
    ("正常", None),
    ("不正常", None),
    ("无法判断", None),
    ("不确定", None),
    ("有没有", None),
    ("是否", None),
    ("是也不是", None),
    ("是的不是", None),
    ("不对称", None),
    ("不能排除", None),
    ("有可能", None),
    ("是左侧", None),
    ("没错", "yes"),
    ("答案是：否", "no"),
    ("答案：是", "yes"),
    ("回答是没有", None),
    ("Ｙｅｓ", "yes"),
    ("确实有积液", "yes"),
    ("不是的", "no"),
    ("是的，没有", None),
    ("有或没有", None),
    ("B超", None),
    ("无明显异常", "no"),
    ("对称", None),
    ("可以排除积液", None),
    ("未知", None),
    ("no, there is no nodule", "no"),
    ("No\n\n1. The lungs are clear", "no"),
]
EVIDENCE_FIRST = [
    ("Pulmonary nodule (+). Yes.", "yes"),
    ("Liver lesion (-). Yes.", "yes"),
    ("Pulmonary nodule (+) right. No.", "no"),
    ("Chest radiograph. **No**", "no"),
    ("3. No.", "no"),
    ("肺结节（-）。否。", "no"),
    ("肺结节（+）中野。是。", "yes"),
    ("7。是。", "yes"),
    ("形状不对称（-）。是", "yes"),
    ("Pulmonary nodule (-); no", "no"),
    ("Pulmonary nodule (+)\nAnswer: yes", "yes"),
    ("肺结节（-）。答案：否。", "no"),
    ("Is there a nodule? No.", "no"),
    ("该图像有没有肺结节？否。", "no"),
    ("Nodule (+). Yes. Nodule (+). Yes.", "yes"),
    ("Normal. No.", "no"),
    ("No nodule. No.", "no"),
    ("胸片。未见结节。否。", "no"),
]
NO_VERDICT = [
    "I do not know. No idea",
    "Cannot tell. Maybe",
    "Pulmonary nodule (+).",
    "Pulmonary nodule (+) right. N",
    "Chest radiograph. Normal.",
    "Nodule (+). Yes. Effusion (-).",
    "Please answer yes or no.",
    "It is both. Yes and no.",
    "两者都有可能。是或否。",
    "左侧，右侧，无",
    "Pulmonary nodule, yes",
    "Chest radiograph. Is it there? No?",
    "Chest radiograph. Contrast: no",
    "See rib no. 3",
    "Rib. No. 3",
    "Figure 2. No contrast.",
]
CONTRADICTIONS = [
    "A. Yes\nB. No",
    "Nodule (+). Yes. Nodule (-). No.",
    "Is it there, yes or no? No.",
    "No nodule is seen. Yes.",
    "Chest radiograph. No nodule is seen. Yes.",
    "未见结节，是。",
    "未见结节。是。",
    "胸片。未见结节。是。",
    "胸片。可见结节。否。",
    "是否。是。",
    "胸片。不，是。",
]


@pytest.mark.parametrize(("answer", "said"), ANSWERS)
def test_what_an_answer_says(answer, said):
    assert polarity(answer) == said


@pytest.mark.parametrize(("answer", "said"), EVIDENCE_FIRST)
def test_evidence_may_come_before_the_verdict(answer, said):
    assert polarity(answer) == said


@pytest.mark.parametrize("answer", NO_VERDICT)
def test_a_last_sentence_that_is_no_bare_verdict_says_nothing(answer):
    assert polarity(answer) is None


@pytest.mark.parametrize("answer", CONTRADICTIONS)
def test_a_verdict_against_what_came_before_says_nothing(answer):
    assert polarity(answer) is None


@pytest.mark.parametrize("answer", ["I am not sure. Yes.", "无法判断。是。"])
def test_a_hedge_does_not_void_the_verdict_that_follows_it(answer):
    assert polarity(answer) == "yes"


@pytest.mark.parametrize("end", ["", ".", "。", "，", "!", "\n"])
def test_every_word_of_the_lexicon_is_a_whole_answer(end):
    assert {polarity(word + end) for word in LEXICON_1.yes_words} == {"yes"}
    assert {polarity(word + end) for word in LEXICON_1.no_words} == {"no"}


def test_no_word_means_both():
    assert not LEXICON_1.yes_words & LEXICON_1.no_words


@pytest.mark.parametrize(("text", "said"), [("Yes.", "yes"), ("没有", "no"), ("no contrast", None), ("没有结节", None)])
def test_bare_polarity_takes_the_word_alone(text, said):
    assert bare_polarity(text) == said
