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
    ("The answer is B. The answer is C.", "BC"),
    ("E", ""),
    ("C. difficile infection", ""),
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


def test_an_option_text_that_two_options_share_chooses_none():
    assert chosen_letters("left", ("Left", "left.", "right")) == frozenset()


def test_a_letter_that_is_also_the_text_of_another_option_chooses_both():
    assert chosen_letters("A", ("B", "A")) == {"A", "B"}
