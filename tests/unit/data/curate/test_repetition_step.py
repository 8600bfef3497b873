"""Samples that repeat themselves."""

from small_samples import said

from doctorsun.config.curation import Repetition
from doctorsun.data.curate.candidate import Rejected
from doctorsun.data.curate.repetition import repetition

ADVICE = "大便色黑建议化验大便，看如何有潜血，剔除上消化道出血。如果没有的话，可以给药增强胃动力。"
SENTENCE = "No pleural effusion is seen in either of the two lungs of this patient on the film. "


def test_a_reply_that_is_said_twice_is_refused():
    assert repetition(said("怎么办？", ADVICE * 2), Repetition()) == Rejected(
        "repeats_itself", "43% of the runs of 10 units"
    )
    assert repetition(said("Report it.", SENTENCE * 3), Repetition()).reason == "repeats_itself"


def test_a_reply_that_is_said_once_passes():
    for words in (ADVICE, SENTENCE, "", "是"):
        candidate = said("?", words)
        assert repetition(candidate, Repetition()) is candidate.sample


def test_lines_that_come_again_are_refused():
    lines = [f"row {number}: normal" for number in range(3)] * 3
    found = repetition(said("?", "\n".join(lines)), Repetition(most_repeated_grams=1))
    assert found == Rejected("repeats_itself", "67% of the lines")


def test_questions_may_repeat_themselves():
    candidate = said(ADVICE * 4, "好的。")
    assert repetition(candidate, Repetition()) is candidate.sample
