"""Token overlap of open answers."""

import pytest

from doctorsun.eval.protocols.open_tokens import OPEN_TOKENS_1


def test_a_token_said_three_times_counts_once(make_prediction):
    verdict = OPEN_TOKENS_1.judge(make_prediction(kind="open", gold=("left lung",), output="lung lung lung"))

    assert verdict.values["precision"] == pytest.approx(1 / 3)
    assert verdict.values["recall"] == 0.5
    assert verdict.values["exact"] == 0


def test_chinese_words_and_characters_are_told_apart(make_prediction):
    verdict = OPEN_TOKENS_1.judge(make_prediction(kind="open", gold=("左侧胸腔积液",), output="右侧胸腔积液"))

    assert verdict.values["f1"] == pytest.approx(5 / 6)
    assert verdict.values["word_f1"] == pytest.approx(2 / 3)


def test_the_gold_that_agrees_best_counts(make_prediction):
    verdict = OPEN_TOKENS_1.judge(make_prediction(kind="open", gold=("heart", " ", "left lung"), output="left lung"))

    assert set(verdict.values.values()) == {1.0}
