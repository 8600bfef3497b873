"""Image: how it was made, what part of the body it shows, in which plane, and who reads it."""

from collections.abc import Mapping

import numpy as np

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Choice, Question, closed_question, mcq_question, open_question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import far_from, root_of, siblings_of
from doctorsun.data.ontology.terms import Term

NUM_IMAGE = 2
EVERYBODYS = {"oncology", "infectious_diseases", "intensive_care"}  # departments that see patients with any organ ill


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
    """Return wrong choices: siblings; for organs, far ones where the picture may show a sibling, too.

    For departments, those of far organs: such a picture may well belong to one that treats what it shows.
    """
    if task == "department" and facts.anatomy in ontology.organs:
        return _far_departments(value, facts, ontology)
    if task != "organ" or table[value].siblings or _shows_one_organ(facts.modality, ontology):
        return siblings_of(value, table)
    return far_from(value, table)


def _far_departments(value: str, facts: Facts, ontology: Ontology) -> tuple[Term, ...]:
    """Return the departments of far organs, without those of this part, of what is seen and of everybody."""
    part = root_of(facts.anatomy, ontology.organs)
    far = {organ.id for organ in far_from(facts.anatomy, ontology.organs)}
    terms = [term for term in ontology.findings.values() if term.organ]
    near = {term.department for term in terms if root_of(term.organ, ontology.organs) == part}
    seen = {value, *(ontology.finding(finding.name).department for finding in facts.present())}
    others = {term.department for term in terms if term.organ in far} - near - seen - EVERYBODYS
    return tuple(term for name, term in ontology.departments.items() if name in others)


def _shows_one_organ(modality: str, ontology: Ontology) -> bool:
    return modality in ontology.modalities and ontology.modalities[root_of(modality, ontology.modalities)].one_organ
