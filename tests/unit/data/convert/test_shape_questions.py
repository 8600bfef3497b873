"""Questions about drawings are true of what was drawn."""

import json
from collections import Counter

import numpy as np
import pytest

from doctorsun.data.convert.questions import Evidence
from doctorsun.data.convert.shape_questions import shape_facts, shape_questions
from doctorsun.data.phantom.shapes import Drawing, DrawnShape

PIXELS = np.zeros((4, 4, 3), dtype=np.uint8)
LONE = Drawing(pixels=PIXELS, position="top", shapes=(DrawnShape(shape="square", colour="red", box_px=(0, 0, 2, 2)),))
DIGIT = Drawing(pixels=PIXELS, digit=7)


def many(drawing):
    rng = np.random.default_rng(1)
    return [question for _ in range(300) for question in shape_questions(drawing, rng)]


def test_a_lone_shape_is_asked_for_everything():
    tasks = Counter(question.task for question in many(LONE) if question.kind == "closed")
    assert tasks == dict.fromkeys(("presence:shape", "shape_count", "colour", "shape", "position"), 300)


def test_closed_answers_are_balanced_and_true():
    for question in many(LONE):
        if question.kind == "closed" and question.task == "position":
            assert question.truth == (question.slots["position"].id == "top")
        if question.task == "presence:shape":
            assert question.truth == ((question.slots["colour"].id, question.slots["shape"].id) == ("red", "square"))
    truths = [question.truth for question in many(LONE) if question.kind == "closed"]
    assert 0.45 < np.mean(truths) < 0.55


@pytest.mark.parametrize(
    ("task", "shown"),
    [
        ("presence:shape", ("red square", "红色正方形")),
        ("shape_count", ("1", "1")),
        ("colour", ("red", "红色")),
        ("shape", ("square", "正方形")),
        ("position", ("top", "上边")),
    ],
)
def test_the_evidence_has_the_sign_of_what_was_drawn(task, shown):
    evidence = [q.evidence for q in many(LONE) if q.kind == "closed" and q.task == task]
    assert {(e.name.name("en"), e.name.name("zh")) for e in evidence if e.present} == {shown}
    assert shown not in {(e.name.name("en"), e.name.name("zh")) for e in evidence if not e.present}


def test_a_shape_that_was_not_drawn_is_asked_for_with_its_sign():
    absent = [question for question in many(LONE) if question.task == "presence:shape" and not question.truth]
    assert all(question.evidence.present is False for question in absent)
    names = {question.evidence.name.name("en") for question in absent}
    assert "red circle" in names
    assert "red square" not in names


def test_a_digit_is_asked_closed_open_and_as_a_choice():
    for question in many(DIGIT):
        assert question.task == "digit"
        if question.kind == "closed":
            assert question.evidence == Evidence(
                name=question.slots["digit"], present=question.slots["digit"].id == "7"
            )
        if question.kind == "open":
            assert question.answer.id == "7"
        if question.kind == "mcq":
            assert question.options[question.right].id == "7"


def test_facts_are_json():
    assert json.loads(shape_facts(LONE)) == {"shapes": [["red", "square"]], "digit": None, "position": "top"}
