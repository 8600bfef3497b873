"""Traditional Chinese in simplified characters."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.simplified import is_traditional, simplified


@pytest.mark.parametrize(
    ("traditional", "plain"),
    [
        ("右肺下葉見磨玻璃結節，邊界不清，建議複查。", "右肺下叶见磨玻璃结节，边界不清，建议复查。"),
        ("頭髮與發炎", "头发与发炎"),
        ("乾燥，而乾隆不變", "干燥，而乾隆不变"),
        ("胸部CT", "胸部CT"),
        ("Lung", "Lung"),
        ("", ""),
    ],
)
def test_simplified(traditional, plain):
    assert simplified(traditional) == plain


@pytest.mark.parametrize(
    ("text", "traditional"),
    [
        ("右肺下葉見磨玻璃結節", True),
        ("癥瘕患者的治疗，见头痛发热", False),  # a term of Chinese medicine that keeps its character
        ("肺炎", False),
        ("皇后", False),
        ("", False),
    ],
)
def test_is_traditional(text, traditional):
    assert is_traditional(text) is traditional


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.sampled_from("肺葉叶結结a1 。")))
def test_simplified_text_is_not_traditional(text):
    assert not is_traditional(simplified(text))


def test_terms_written_in_taiwan_become_those_of_the_mainland(test_data):
    taiwan, mainland = (
        _terms(test_data / f"tico19_en_zh/data/terminologies/f_en-zh_{name}.csv") for name in ("TW", "CN")
    )
    both = taiwan.keys() & mainland.keys()
    same_before = sum(taiwan[term] == mainland[term] for term in both)
    same_after = sum(simplified(taiwan[term]) == mainland[term] for term in both)
    assert len(both) == 306
    assert same_after > 2 * same_before  # the others are other words, not other characters
    assert [mainland[term] for term in both if is_traditional(mainland[term])] == []


def _terms(path):
    with path.open(encoding="utf-8") as file:
        return {row["sourceString"]: row["targetString"] for row in csv.DictReader(file)}
