"""Normal forms of answers."""

import pytest

from doctorsun.text.normalize import exact_form, fold, plain_form, without_reasoning


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>left or right?</think> Left", "Left"),
        ("<THINK>left</THINK>Right", "Right"),
        ("<think>it goes on and on", ""),
        ("the opening was cut</think>Left", "Left"),
        ("so <answer>Left</answer> it is", "Left"),
        (r"first \boxed{A}, no, \boxed{B}", "B"),
        (r"\boxed{\text{left lung}}", "left lung"),
        ("  Left  ", "Left"),
    ],
)
def test_reasoning_is_taken_away(text, answer):
    assert without_reasoning(text) == answer


def test_fold_unifies_width_case_and_space():
    assert fold("Ｌｅｆｔ \n LUNG　上叶") == "left lung 上叶"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("X-Ray.", "x ray"),
        ("1.5 cm,", "1.5 cm"),
        ("左 肺、上叶。", "左肺上叶"),
        ("**Left**", "left"),
        ("the end.", "the end"),
        ("?!", ""),
    ],
)
def test_plain_form(text, form):
    assert plain_form(text) == form


@pytest.mark.parametrize(("text", "form"), [("The left lung", "left lung"), ("an X-ray", "x ray"), ("A", "a")])
def test_exact_form_leaves_articles_out_unless_nothing_else_is_there(text, form):
    assert exact_form(text) == form
