"""Image: how it was made, what part of the body it shows, in which plane, and who reads it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from doctorsun.data.convert.facts import Facts
from doctorsun.data.convert.questions import Choice, Evidence, Question, closed_question, mcq_question, open_question
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import far_from, root_of, siblings_of
from doctorsun.data.ontology.terms import Term

NUM_IMAGE = 2
NO_PARTS = {"blood", "phantom_object", "whole_body"}  # of which nobody asks which part of the body they are
EVERYBODYS = {"oncology", "infectious_diseases", "intensive_care", "radiology", "pathology", "laboratory_medicine"}
"""Departments that see patients, pictures or samples of any organ."""


def image_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask some of what holds for the image as a whole, each closed, open or as a choice.

    Raises:
        DataError: a modality, an organ, a plane or a department is not in the ontology.
    """
    choices = image_choices(facts, ontology)
    chosen = [choices[i] for i in rng.permutation(len(choices))[:NUM_IMAGE]]
    forms = (lambda choice: _closed(choice, rng), open_question, lambda choice: mcq_question(choice, rng))
    return [forms[rng.integers(len(forms))](choice) for choice in chosen]


def _closed(choice: Choice, rng: np.random.Generator) -> Question:
    """Ask whether a value holds; the evidence is the value that does."""
    return replace(closed_question(choice, rng), evidence=Evidence(name=choice.value, present=True))


def image_choices(facts: Facts, ontology: Ontology) -> list[Choice]:
    """Return what is known of the image as a whole, each with values that it has not.

    Raises:
        DataError: a modality, an organ, a plane or a department is not in the ontology.
    """
    planes = ontology.modalities[facts.modality].planes if facts.modality in ontology.modalities else ()
    tables = {
        "modality": (facts.modality, ontology.modalities),
        "plane": (facts.plane, {name: ontology.planes[name] for name in planes}),
        "organ": ("" if facts.anatomy in NO_PARTS else facts.anatomy, ontology.organs),
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
    """Return wrong choices: siblings; organs that the picture does not show; for departments, those of far organs.

    Such a picture may well belong to a department that treats what it shows.
    """
    if task == "department" and facts.anatomy in ontology.organs:
        return _far_departments(value, facts, ontology)
    return _other_organs(value, facts.modality, ontology) if task == "organ" else siblings_of(value, table)


def _other_organs(value: str, modality: str, ontology: Ontology) -> tuple[Term, ...]:
    """Return organs that a picture does not show: those that its modality images as well, else far ones.

    A picture of one organ alone (a slide of the liver) shows no other of them; any other may show what lies near.
    """
    organs = ontology.organs
    line = () if modality not in ontology.modalities else (modality, root_of(modality, ontology.modalities))
    kinds = [ontology.modalities[name] for name in line]
    imaged = next((kind.organs for kind in kinds if kind.organs), ())
    far, part = organs[root_of(value, organs)].far, root_of(value, organs)
    alone = any(kind.one_organ for kind in kinds) and (value != part or not far)
    if not imaged:
        return far_from(value, organs)
    return tuple(
        organs[name] for name in imaged if not _related(name, value, organs) and (alone or root_of(name, organs) in far)
    )


def _related(first: str, second: str, organs: Mapping[str, Term]) -> bool:
    """Tell whether one organ is the other, or a part of it."""
    return second in _with_wholes(first, organs) or first in _with_wholes(second, organs)


def _with_wholes(name: str, organs: Mapping[str, Term]) -> set[str]:
    """Return an organ and all that it is a part of."""
    parent = organs[name].parent
    return {name} | (_with_wholes(parent, organs) if parent else set())


def _far_departments(value: str, facts: Facts, ontology: Ontology) -> tuple[Term, ...]:
    """Return the departments of far organs, without those of this part, of what is seen and of everybody."""
    part = root_of(facts.anatomy, ontology.organs)
    far = {organ.id for organ in far_from(facts.anatomy, ontology.organs)}
    terms = [term for term in ontology.findings.values() if term.organ]
    near = {term.department for term in terms if root_of(term.organ, ontology.organs) == part}
    seen = {value, *(ontology.finding(finding.name).department for finding in facts.present())}
    others = {term.department for term in terms if term.organ in far} - near - seen - EVERYBODYS
    return tuple(term for name, term in ontology.departments.items() if name in others)
