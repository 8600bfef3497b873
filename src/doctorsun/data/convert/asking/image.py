"""Image: how it was made, what part of the body it shows, in which plane, and who reads it."""

from collections.abc import Mapping

import numpy as np

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Choice, Question, closed_question, mcq_question, open_question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import far_from, root_of, siblings_of
from doctorsun.data.ontology.terms import Term

NUM_IMAGE = 2


def image_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask some of what holds for the image as a whole, each closed, open or as a choice.

    Raises:
        DataError: a modality, an organ, a plane or a department is not in the ontology.
    """
    choices = image_choices(facts, ontology)
    chosen = [choices[i] for i in rng.permutation(len(choices))[:NUM_IMAGE]]
    forms = (lambda choice: closed_question(choice, rng), open_question, lambda choice: mcq_question(choice, rng))
    return [forms[rng.integers(len(forms))](choice) for choice in chosen]


def image_choices(facts: Facts, ontology: Ontology) -> list[Choice]:
    """Return what is known of the image as a whole, each with values that it has not.

    Raises:
        DataError: a modality, an organ, a plane or a department is not in the ontology.
    """
    planes = ontology.modalities[facts.modality].planes if facts.modality in ontology.modalities else ()
    tables = {
        "modality": (facts.modality, ontology.modalities),
        "plane": (facts.plane, {name: ontology.planes[name] for name in planes}),
        "organ": (facts.anatomy, ontology.organs),
        "department": (facts.department, ontology.departments),
    }
    known = [(task, value, table) for task, (value, table) in tables.items() if value in table]
    choices = [
        Choice(
            task=task, family=task, slot=task, value=table[value], others=_others(task, value, table, facts, ontology)
        )
        for task, value, table in known
    ]
    return [choice for choice in choices if choice.others]


def _others(task: str, value: str, table: Mapping[str, Term], facts: Facts, ontology: Ontology) -> tuple[Term, ...]:
    """Return wrong choices: siblings; for organs, far ones where the picture may show a sibling, too."""
    if task != "organ" or table[value].siblings or _shows_one_organ(facts.modality, ontology):
        return siblings_of(value, table)
    return far_from(value, table)


def _shows_one_organ(modality: str, ontology: Ontology) -> bool:
    return modality in ontology.modalities and ontology.modalities[root_of(modality, ontology.modalities)].one_organ
