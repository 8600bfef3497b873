from math import exp

import pytest

from doctorsun.generate.chat import answer_samples
from doctorsun.generate.engine import LocalEngine
from doctorsun.generate.options import option_forms
from doctorsun.processor.processor import Processor
from doctorsun.schema import Answer
from small_model import question

LETTERED = "Which organ is it?\nA. lung\nB. liver"


def texts(processor: Processor, words: str, options: tuple[str, ...]) -> list[set[str]]:
    forms = option_forms(processor.continuation, words, options, after=0)
    return [{processor.decode(ids) for ids in option} for option in forms]


@pytest.mark.parametrize("words", [LETTERED, "器官是？\nA、肺\nB、肝", "Which?\n(A) lung\n(B) liver"])
def test_a_question_that_shows_letters_is_answered_by_letters(processor: Processor, words: str) -> None:
    assert texts(processor, words, ("lung", "liver")) == [{"A", " A", "(A"}, {"B", " B", "(B"}]


def test_other_questions_are_answered_by_words(processor: Processor) -> None:
    assert texts(processor, "Lung or liver?", ("lung", "CT")) == [
        {"lung", " lung", "Lung", " Lung"},
        {"CT", " CT", "ct", " ct"},
    ]
    yes, no = texts(processor, "有结节吗？", ("是", "否"))
    assert {"是", "有"} <= yes
    assert {"否", "没有", "未见"} <= no | {"没有", "未见"}
    assert not yes & no


def test_no_form_of_an_option_begins_another(processor: Processor) -> None:
    for option in option_forms(processor.continuation, "有结节吗？", ("是", "否", "left", "A-B"), after=0):
        for form in option:
            assert [other for other in option if other[: len(form)] == form] == [form]


def test_the_probabilities_of_options_come_with_the_answers(engine: LocalEngine, processor: Processor) -> None:
    asked = [
        question("1", LETTERED, "", answer=Answer(kind="mcq", gold=(), options=("lung", "liver"))),
        question("2", "What is it?", ""),
        question("3", "Is it a lung?", "", answer=Answer(kind="closed", gold=(), options=("yes", "no"))),
    ]
    answers = {answer.index: answer for answer in answer_samples(engine, processor, asked, 3)}
    assert [len(answers[index].option_logprobs) for index in range(3)] == [2, 0, 2]
    assert all(0 < sum(map(exp, answers[index].option_logprobs)) < 1 for index in (0, 2))
