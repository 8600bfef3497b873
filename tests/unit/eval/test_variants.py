"""Variants of test questions."""

from dataclasses import replace

import pytest

from doctorsun.eval.prompt import lettered
from doctorsun.eval.variants import MADE_KINDS, negations, paraphrases, rotated, rotations, variants
from doctorsun.schema import Answer, Variant

OPTIONS = ("CT", "MRI", "X-ray")


@pytest.fixture
def make_choice(make_sample):
    def make(gold=("B",), kind="mcq", **fields):
        answer = Answer(kind=kind, options=OPTIONS, gold=gold)
        return make_sample(1, question=f"What is it?\n{lettered(OPTIONS)}", answer=answer, **fields)

    return make


def test_paraphrases_keep_the_question_its_answer_and_its_image(make_sample):
    sample = make_sample(1)

    made = paraphrases(sample)

    assert [each.messages[0].text for each in made] == [
        "Please answer this question: Is there a nodule?",
        "I would like to know the following. Is there a nodule?",
    ]
    assert {each.answer for each in made} == {sample.answer}
    assert all(each.messages[0].content[0].type == "image" and each.images == sample.images for each in made)
    assert made[0].variant == Variant(of="sample-1", kind="paraphrase")
    assert [each.id for each in made] == ["sample-1/paraphrase-1", "sample-1/paraphrase-2"]


def test_chinese_questions_have_chinese_paraphrases(make_sample):
    made = paraphrases(make_sample(1, question="有结节吗？", language="zh"))

    assert [each.messages[0].text for each in made] == ["请回答这个问题：有结节吗？", "我想了解以下问题。有结节吗？"]


@pytest.mark.parametrize(
    ("question", "gold", "expected"),
    [
        ("Is there a nodule?", "yes", ("Is this statement correct? There is no nodule.", "no")),
        ("are there any cysts here?", "No", ("Is this statement correct? There are no cysts here.", "yes")),
        ("Is there only one?", "yes", ('Is "no" the right answer to this question? Is there only one?', "no")),
        ("Does it show CT?", "no", ('Is "no" the right answer to this question? Does it show CT?', "yes")),
        ("是否存在心影增大？", "否", ("下面的说法正确吗？没有心影增大。", "是")),
        ("有没有结节？", "有", ("下面的说法正确吗？没有结节。", "否")),
        ("这是CT吗？", "不是", ("对下面的问题，回答“否”正确吗？这是CT吗？", "是")),
    ],
)
def test_a_negation_has_the_other_answer(make_sample, question, gold, expected):
    language, answer = "en" if question.isascii() else "zh", Answer(kind="closed", gold=(gold,))

    (made,) = negations(make_sample(1, question=question, language=language, answer=answer))

    assert (made.messages[0].text, *made.answer.gold) == expected
    assert made.variant == Variant(of="sample-1", kind="negation")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(kind="closed", gold=("left",)),
        Answer(kind="closed", gold=("yes", "no")),
        Answer(kind="open", gold=("yes",)),
        Answer(kind="closed", gold=("yes",), options=("yes", "no")),
    ],
)
def test_what_is_not_answered_by_one_yes_or_no_has_no_negation(make_sample, answer):
    assert negations(make_sample(1, answer=answer)) == []


def test_rotations_bring_the_right_option_to_every_other_place(make_choice):
    made = rotations(make_choice())

    assert [each.messages[0].text.split("\n", 1)[1] for each in made] == [
        "A. X-ray\nB. CT\nC. MRI",
        "A. MRI\nB. X-ray\nC. CT",
    ]
    assert [each.answer.gold for each in made] == [("C",), ("A",)]
    assert [each.id for each in made] == ["sample-1/rotation-1", "sample-1/rotation-2"]
    assert made[0].messages[0].text.startswith("What is it?\nA. ")


def test_several_right_letters_turn_together():
    turned = rotated(Answer(kind="mcq", options=OPTIONS, gold=("B", "C")), 1)

    assert (turned.options, turned.gold) == (("X-ray", "CT", "MRI"), ("A", "C"))


def test_options_that_do_not_stand_at_the_end_cannot_be_turned(make_choice, make_sample):
    assert rotations(replace(make_choice(), messages=make_sample(1).messages)) == []
    assert rotations(make_sample(1)) == []


def test_variants_of_variants_are_not_made_and_only_wanted_kinds_are(make_sample, make_choice):
    again = make_sample(3, variant=Variant(of="sample-1", kind="translation"))
    samples = [make_sample(2), again, make_choice()]

    assert {each.variant.kind for each in variants(samples, ["negation", "rotation"])} == {"negation", "rotation"}
    made = variants(samples, MADE_KINDS)
    assert len(made) == 2 + 1 + 2 + 2
    assert len({each.id for each in made}) == len(made)


def test_the_last_of_several_turns_is_the_one_that_changes(make_sample):
    sample = make_sample(1)
    dialogue = replace(sample, messages=(*sample.messages, *make_sample(1, question="Which side?").messages))

    made = paraphrases(dialogue)[0]

    assert made.messages[:2] == dialogue.messages[:2]
    assert made.messages[2].text == "Please answer this question: Which side?"
    assert made.messages[3].text == ""
