"""Questions about drawn shapes and digits: the general domain."""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from doctorsun.data.convert.questions import (
    Choice,
    Evidence,
    Question,
    closed_question,
    mcq_question,
    number_term,
    open_question,
)
from doctorsun.data.ontology.terms import Term
from doctorsun.data.phantom.shapes import MAX_SHAPES, Drawing

SHAPE_TERMS = {
    "circle": Term(id="circle", zh=("圆形", "圆"), en=("circle",), an="a circle"),
    "square": Term(id="square", zh=("正方形", "方形"), en=("square",), an="a square"),
    "triangle": Term(id="triangle", zh=("三角形",), en=("triangle",), an="a triangle"),
}
COLOUR_TERMS = {
    "red": Term(id="red", zh=("红色", "红"), en=("red",)),
    "green": Term(id="green", zh=("绿色", "绿"), en=("green",)),
    "blue": Term(id="blue", zh=("蓝色", "蓝"), en=("blue",)),
    "yellow": Term(id="yellow", zh=("黄色", "黄"), en=("yellow",)),
}
POSITION_TERMS = {
    "left": Term(id="left", zh=("左边", "左侧", "左"), en=("left",)),
    "right": Term(id="right", zh=("右边", "右侧", "右"), en=("right",)),
    "top": Term(id="top", zh=("上边", "上方", "上"), en=("top",)),
    "bottom": Term(id="bottom", zh=("下边", "下方", "下"), en=("bottom",)),
}


def shape_questions(drawing: Drawing, rng: np.random.Generator) -> list[Question]:
    """Return the questions of a drawing: each fact closed, and one of them open and as multiple choice."""
    choices = list(_choices(drawing))
    presence = [] if drawing.digit is not None else [_presence(drawing, rng)]
    closed = [closed_question(choice, rng) for choice in choices]
    asked = choices[rng.integers(len(choices))]
    return [*presence, *closed, open_question(asked), mcq_question(asked, rng)]


def shape_facts(drawing: Drawing) -> str:
    """Return what was drawn as compact JSON."""
    shapes = [[item.colour, item.shape] for item in drawing.shapes]
    facts = {"shapes": shapes, "digit": drawing.digit, "position": drawing.position}
    return json.dumps(facts, separators=(",", ":"))


def _choices(drawing: Drawing) -> Iterator[Choice]:
    """Yield what can be asked: the digit, or the number of shapes, and of a lone shape its colour and place."""
    if drawing.digit is not None:
        yield _choice("digit", number_term(drawing.digit), [number_term(i) for i in range(10)])
        return
    yield _choice("shape_count", number_term(len(drawing.shapes)), [number_term(i) for i in range(1, MAX_SHAPES + 1)])
    if drawing.position:
        lone = drawing.shapes[0]
        yield _choice("colour", COLOUR_TERMS[lone.colour], list(COLOUR_TERMS.values()))
        yield _choice("shape", SHAPE_TERMS[lone.shape], list(SHAPE_TERMS.values()))
        yield _choice("position", POSITION_TERMS[drawing.position], list(POSITION_TERMS.values()))


def _choice(task: str, value: Term, terms: Sequence[Term]) -> Choice:
    """Return a choice among terms."""
    return Choice(
        task=task, family=task, slot=task, value=value, others=tuple(term for term in terms if term.id != value.id)
    )


def _presence(drawing: Drawing, rng: np.random.Generator) -> Question:
    """Ask for a shape in a colour: one that is there half of the time, else one that is not."""
    there = {(item.colour, item.shape) for item in drawing.shapes}
    missing = [(colour, shape) for colour in COLOUR_TERMS for shape in SHAPE_TERMS if (colour, shape) not in there]
    truth = bool(rng.random() < 0.5)  # noqa: PLR2004 (half of the time)
    pairs = sorted(there) if truth else missing
    colour, shape = pairs[rng.integers(len(pairs))]
    asked = _coloured(COLOUR_TERMS[colour], SHAPE_TERMS[shape])
    return Question(
        kind="closed",
        task="presence:shape",
        family="shape_presence",
        slots={"colour": COLOUR_TERMS[colour], "shape": SHAPE_TERMS[shape]},
        truth=truth,
        evidence=Evidence(name=asked, present=truth),
    )


def _coloured(colour: Term, shape: Term) -> Term:
    """Return a shape with its colour: red square."""
    en, zh = f"{colour.name('en')} {shape.name('en')}", colour.name("zh") + shape.name("zh")
    return Term(id=f"{colour.id}_{shape.id}", zh=(zh,), en=(en,))
