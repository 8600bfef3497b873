"""Runs of 13 words or Chinese characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.text.grams import GRAM_UNITS, gram_hashes, units

CASE = "A 24-year-old man comes to the physician because of fever and cough for three days."
SENTENCE = "患者右肺下叶见磨玻璃影考虑为感染性病变可能性大"


def test_words_numbers_and_chinese_characters_are_units_and_nothing_else() -> None:
    assert units("CT检查：Ｔ2WI 高信号, 3.5 cm!") == ["ct", "检", "查", "t2wi", "高", "信", "号", "3", "5", "cm"]


@pytest.mark.parametrize("text", [CASE, SENTENCE])
def test_a_text_has_a_number_for_each_run(text: str) -> None:
    hashes = gram_hashes(text)

    assert len(hashes) == len(units(text)) - GRAM_UNITS + 1
    assert (np.diff(hashes.astype(object)) > 0).all()


def test_short_texts_have_none() -> None:
    assert not len(gram_hashes("Is there a nodule?"))
    assert not len(gram_hashes(SENTENCE[: GRAM_UNITS - 1]))
    assert len(gram_hashes(SENTENCE[:GRAM_UNITS])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [(CASE, CASE.upper().replace(",", " ;")), (SENTENCE, "患者右肺下葉見磨玻璃影，考慮為感染性病變可能性大。")],
)
def test_case_punctuation_and_traditional_writing_do_not_count(one: str, other: str) -> None:
    assert gram_hashes(one).tolist() == gram_hashes(other).tolist()


def test_the_order_of_words_counts() -> None:
    words = units(CASE)[:GRAM_UNITS]

    assert gram_hashes(" ".join(words)).tolist() != gram_hashes(" ".join(reversed(words))).tolist()


@given(st.text(alphabet="ab 肺cd", max_size=60), st.text(alphabet="ab 肺cd", max_size=30))
def test_what_a_text_holds_stays_in_a_longer_one(text: str, more: str) -> None:
    assert set(gram_hashes(text)) <= set(gram_hashes(f"{more} {text} {more}"))
