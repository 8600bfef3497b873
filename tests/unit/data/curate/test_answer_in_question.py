"""Questions that give their answer away."""

import pytest
from small_samples import said

from doctorsun.config.curation import AnswerInQuestion
from doctorsun.data.curate.answer_in_question import answer_in_question
from doctorsun.data.curate.candidate import Rejected
from doctorsun.schema import Answer

TREATED = "The mass was treated by partial nephrectomy of the left kidney. How was it treated?"


@pytest.mark.parametrize(
    ("question", "reply", "gold"),
    [
        ("Is there contrast in the bowels?", "In the bowels.", "In the bowels"),  # a question of VQA-RAD
        (TREATED, "It was removed.", "Partial nephrectomy of the left kidney"),
        ("左肺上叶尖后段结节位于哪里？", "左肺上叶尖后段", "左肺上叶尖后段"),
    ],
)
def test_open_questions_that_hold_their_answer_are_refused(question, reply, gold):
    found = answer_in_question(said(question, reply, answer=Answer(kind="open", gold=(gold,))), AnswerInQuestion())
    assert isinstance(found, Rejected)
    assert found.reason == "answer_in_question"


def test_a_reply_that_repeats_the_question_is_refused_in_any_turn():
    found = answer_in_question(said("你好", "你好，请说", "头痛三天伴有发热", "头痛三天伴有发热"), AnswerInQuestion())
    assert found == Rejected("answer_in_question", "头痛三天伴有发热")


@pytest.mark.parametrize(
    ("question", "gold", "kind"),
    [
        ("Is the opacity superficial to the skin or inside the patient?", "superficial to the skin", "open"),
        ("气道和左肺下叶背段，哪个在图中所占面积更大？", "左肺下叶背段", "open"),
        ("Is it well-defined? -yes/no", "yes", "closed"),
        ("图中白细胞是否超过1个？", "是", "closed"),
        ("Which one?\nA. left lower lobe of the lung\nB. heart", "A", "mcq"),
        ("Where is the left side located?", "Left", "open"),
        ("Translate into Chinese:\nCOVID-19", "COVID-19", "open"),
        ("Is the catheter visible?", "cat", "open"),
        (TREATED * 4, "Partial nephrectomy of the left kidney", "open"),
    ],
)
def test_choices_short_answers_and_passages_pass(question, gold, kind):
    candidate = said(question, gold, answer=Answer(kind=kind, gold=(gold,)))
    assert answer_in_question(candidate, AnswerInQuestion()) is candidate.sample


def test_prose_has_no_question():
    candidate = said("")
    assert answer_in_question(candidate, AnswerInQuestion()) is candidate.sample
