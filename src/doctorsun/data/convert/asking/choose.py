"""Choose: the questions of one image of a real data set, out of all that its annotation can answer."""

import numpy as np

from doctorsun.data.convert.asking.image import image_questions
from doctorsun.data.convert.asking.marks import comparison_questions, mark_questions, number_question
from doctorsun.data.convert.asking.presence import presence_questions, which_questions
from doctorsun.data.convert.asking.sizes import size_questions
from doctorsun.data.convert.asking.unknown import unknown_questions
from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Question
from doctorsun.data.ontology.ontology import Ontology


def questions_about(
    facts: Facts,
    size: tuple[int, int],
    spacing_mm: tuple[float, float] | None,
    ontology: Ontology,
    rng: np.random.Generator,
) -> list[Question]:
    """Return the questions of one image.

    Args:
        facts: of `measured_facts`.
        size: (height, width) of the picture in pixels.
        spacing_mm: (row, column) distance of its pixels, where it is known.
        ontology: names what the facts hold.
        rng: chooses.

    Raises:
        DataError: a name of the facts is not in the ontology.
    """
    counted = [number_question(ontology.finding(name), number, "number", rng) for name, number in facts.counts.items()]
    return [
        *image_questions(facts, ontology, rng),
        *presence_questions(facts, ontology, rng),
        *which_questions(facts, ontology, rng),
        *mark_questions(facts, ontology, rng),
        *counted,
        *size_questions(facts, size, spacing_mm, ontology),
        *comparison_questions(facts, ontology, rng),
        *unknown_questions(facts, ontology, rng),
    ]
