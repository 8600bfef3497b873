"""Unknown: questions that an image cannot answer, whose answer says so and why."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import far_from
from doctorsun.data.ontology.terms import FindingTerm, Term

UNKNOWN_SHARE = 0.3
_ZH, _EN = "无法确定", "cannot be determined"
_UNKNOWN = {
    "size": ("图像的实际尺度未知", "the scale of the picture is not known"),
    "side": ("图像的方位未知", "the orientation of the picture is not known"),
    "organ": ("图像未显示{organ}", "the picture does not show {a_organ}"),
}


def unknown_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask, on a share of the images, one thing that nobody can tell from this image.

    A size is never told by the picture alone, where its scale is not given in the question.

    Raises:
        DataError: a label or an organ is not in the ontology.
    """
    if rng.random() >= UNKNOWN_SHARE:
        return []
    asked = [*_about_marks(facts, ontology), *_other_organ(facts, ontology, rng)]
    return [asked[rng.integers(len(asked))]] if asked else []


def _about_marks(facts: Facts, ontology: Ontology) -> Iterator[Question]:
    """Yield the size of a mark where no spacing is known, and its side where no orientation is."""
    for measure in facts.measures:
        slots = {"finding": ontology.finding(measure.name).term}
        if measure.size_mm is None and len(measure.boxes) == 1:
            yield _unanswered("size", slots)
        organ = ontology.organs.get(facts.anatomy)
        if not measure.side and measure.half and organ is not None and organ.both_sides:
            yield _unanswered("side", slots)


def _other_organ(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> Iterator[Question]:
    """Yield a finding of an organ that this image does not show."""
    if facts.anatomy not in ontology.organs:
        return
    if far := _findings_far_from(facts.anatomy, ontology):
        term = far[rng.integers(len(far))]
        organ = ontology.organs[term.organ]
        yield _unanswered("organ", {"finding": term.term, "organ": organ})


@cache
def _findings_far_from(organ: str, ontology: Ontology) -> tuple[FindingTerm, ...]:
    """Return the findings of organs that an image of this one never shows."""
    organs = {term.id for term in far_from(organ, ontology.organs)}
    groups = {term.parent for term in ontology.findings.values()}
    return tuple(
        term
        for term in ontology.findings.values()
        if term.organ in organs
        and ontology.kind(term.id) == "finding"
        and not (term.normal or term.residual)
        and term.id not in groups
    )


def _unanswered(family: str, slots: dict[str, Term]) -> Question:
    """Return a question whose answer is that it cannot be answered, with the reason."""
    zh, en = _UNKNOWN[family]
    if "organ" in slots:
        zh = zh.format(organ=slots["organ"].name("zh"))
        en = en.format(a_organ=slots["organ"].phrase("en"))
    answer = Term(id="unknown", zh=(f"{_ZH}，因为{zh}", _ZH), en=(f"{_EN}: {en}", _EN))
    return Question(kind="open", task=f"unknown:{family}", family=f"unknown_{family}", slots=slots, answer=answer)
