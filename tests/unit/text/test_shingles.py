"""Shingles: equal under case and width, similarity exact, bands that meet for alike texts and not for others."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from doctorsun.text.normalize import fold
from doctorsun.text.shingles import NUM_BANDS, SHINGLE_CHARS, bands, shingles, similarity

REPORT = "The heart is of normal size. There is a nodule in the right upper lobe. No pleural effusion is seen. "


def runs(text: str) -> set[str]:
    folded = fold(text)
    if not folded:
        return set()
    return {folded[start : start + SHINGLE_CHARS] for start in range(max(1, len(folded) - SHINGLE_CHARS + 1))}


@given(st.text(alphabet="ab肺炎é😀", max_size=60), st.text(alphabet="ab肺炎é😀", max_size=60))
def test_the_similarity_is_that_of_the_sets_of_runs(one: str, other: str) -> None:
    common, together = runs(one) & runs(other), runs(one) | runs(other)
    expected = len(common) / len(together) if together else 1.0
    assert similarity(shingles(one), shingles(other)) == expected


def test_case_width_and_spacing_do_not_count() -> None:
    assert np.array_equal(shingles("ＣＴ　of  the\nCHEST"), shingles("ct of the chest"))


def test_punctuation_does_not_count_but_signs_do() -> None:
    assert np.array_equal(shingles("肺部有结节，建议复查。"), shingles("肺部有结节 建议复查"))
    assert np.array_equal(shingles("No effusion, no nodule."), shingles("No effusion no nodule"))
    assert not np.array_equal(shingles("HBsAg (+)"), shingles("HBsAg (-)"))


def test_texts_that_say_nearly_the_same_share_a_band() -> None:
    alike = REPORT.replace("upper", "lower")
    assert similarity(shingles(REPORT), shingles(alike)) > 0.8
    assert (bands(shingles(REPORT)) == bands(shingles(alike))).any()


def test_other_texts_share_none() -> None:
    other = (
        "Antibiotics are given for ten days; the child may drink tea and should rest at home until the fever is gone."
    )
    assert not (bands(shingles(REPORT)) == bands(shingles(other))).any()


def test_bands_do_not_depend_on_how_long_a_text_is_hashed_at_once() -> None:
    text = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(9000))
    assert len(shingles(text)) > 4096  # more than one part
    reverse = np.unique(np.concatenate([shingles(text[:5000]), shingles(text[4996:])]))
    assert np.array_equal(bands(reverse), bands(shingles(text)))


def test_an_empty_text_has_bands_of_zero() -> None:
    assert bands(shingles(" \n")).tolist() == [0] * NUM_BANDS


def test_bands_never_change() -> None:
    assert bands(shingles("肺部有结节"))[:3].tolist() == [2528331063, 1827682009, 2186422032]
