"""Letters of multiple-choice answers: delimited ones only."""

import pytest

from doctorsun.eval.protocols.letters import chosen_letters

OPTIONS = ("Pneumonia", "Right side", "Effusion", "Normal heart")

ANSWERS = [
    ("B", "B"),
    ("(B)", "B"),
    ("B.", "B"),
    ("B. text", "B"),
    ("b", "B"),
    ("**B**", "B"),
    ("**B** right", "B"),
    ("Ｂ", "B"),
    ("[B]", "B"),
    ("（B）", "B"),
    ("B) right", "B"),
    ("B：右侧", "B"),
    ("B、右侧", "B"),
    ("Answer: B", "B"),
    ("**Answer:** B", "B"),
    ("The answer is (B)", "B"),
    ("The answer is (B) right side", "B"),
    ("The correct answer is option B.", "B"),
    ("The correct option is C.", "C"),
    ("答案是B", "B"),
    ("答案：B。", "B"),
    ("正确答案为 B", "B"),
    ("应选B", "B"),
    ("选项C", "C"),
    ("B选项", "B"),
    ("\\boxed{C}", "C"),
    ("<think>A or B?</think>C", "C"),
    ("<think>A", ""),
    ("Right side", "B"),
    ("B Right side", "B"),
    ("The correct answer is appendicitis", ""),
    ("A chest x-ray", ""),
    ("", ""),
    ("A and B", "AB"),
    ("A, B", "AB"),
    ("A或B", "AB"),
    ("B. Not (C).", "BC"),
    ("A. Pneumonia\\\nB. Right side\\\nC. Effusion", "ABC"),
    ("A. Pneumonia B. Right side C. Effusion", "ABC"),
    ("A) no, B) yes", "AB"),
    ("B. Hepatitis C.", "B"),
    ("B、右侧。C、左侧", "BC"),
    ("Option A is wrong. The answer is B.", "B"),
    ("**Answer**: B", "B"),
    ("**ANSWER**: **B**", "B"),
    ("The answer is right side.", "B"),
    ("The answer is Effusion. It is on the left.", "C"),
    ("答案是pneumonia。", "A"),
    ("答案：Effusion\n解释：Pneumonia不对", "C"),
    ("The answer is right side of the body", ""),
    ("The answer is not Effusion", ""),
    ("The answer is Effusion, not pneumonia", ""),
    ("The answer is Effusion. The answer is Pneumonia.", "AC"),
    ("The answer is no normal heart", ""),
    ("The answer is B. The answer is C.", "BC"),
    ("E", ""),
    ("C. difficile infection", ""),
    ("C. DIFFICILE INFECTION", ""),
    ("C. Difficult", "C"),
    ("B超", ""),
    ("C反应蛋白", ""),
    ("不选B", ""),
    ("D-dimer", ""),
    ("The answer is B cell lymphoma", ""),
    ("chest X-ray shows dilated", ""),
    ("I choose B.", "B"),
    ("选项A、B都错", ""),
    ("The answer is not B", ""),
    ("hepatitis (B)", ""),
    ("AB", ""),
    ("A is wrong", ""),
    ("无法判断", ""),
]


@pytest.mark.parametrize(("answer", "letters"), ANSWERS)
def test_letters_of_an_answer(answer, letters):
    assert chosen_letters(answer, OPTIONS) == frozenset(letters)


def test_an_option_text_that_opens_like_a_letter_is_that_option():
    assert chosen_letters("E. coli", ("E. coli", "S. aureus", "C. albicans", "None", "All")) == {"A"}


def test_a_declared_text_may_hold_points_and_open_like_a_letter():
    options = ("E. coli", "S. aureus", "2.5 mg", "2 mg", "All")

    assert chosen_letters("The answer is E. coli.", options) == {"A"}
    assert chosen_letters("The answer is 2.5 mg.", options) == {"C"}


def test_an_option_text_that_two_options_share_chooses_none():
    assert chosen_letters("left", ("Left", "left.", "right")) == frozenset()


def test_a_letter_that_is_also_the_text_of_another_option_chooses_both():
    assert chosen_letters("A", ("B", "A")) == {"A", "B"}
