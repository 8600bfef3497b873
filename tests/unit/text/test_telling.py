"""Telling words: numbers, sides, negations and option letters, each with how often it stands there."""

import pytest

from doctorsun.text.telling import telling_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a nodule of 5 mm", "a nodule of 8 mm"),
        ("the left lung", "the right lung"),
        ("effusion is seen", "no effusion is seen"),
        ("It isn't enlarged", "It is enlarged"),
        ("左肺结节", "右肺结节"),
        ("未见积液", "可见积液"),
        ("Answer: B", "Answer: C"),
        ("1.5 cm", "15 cm"),
        ("2 of 2", "2 of 1"),
        ("HBsAg (+)", "HBsAg (-)"),
        ("结果阳性", "结果阴性"),
        ("The test is positive", "The test is negative"),
        ("CRP > 5", "CRP < 5"),
    ],
)
def test_these_texts_say_different_things(one: str, other: str):
    assert telling_words(one) != telling_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A nodule is noted", "a nodule is known"), ("The lung is clear.", "The lungs are clear"), ("５ mm", "5 mm")],
)
def test_these_texts_may_say_the_same(one: str, other: str):
    assert telling_words(one) == telling_words(other)
