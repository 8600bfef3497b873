"""Presence: what is there and what is not, asked as often with yes as with no; and which of several it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from doctorsun.data.convert.asking.negatives import hardest_first
from doctorsun.data.convert.facts import Facts, Finding
from doctorsun.data.convert.questions import (
    MAX_OPTIONS,
    Choice,
    Question,
    open_question,
    presence_question,
    shuffled_question,
)
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.terms import FindingTerm, Term

NUM_PRESENT = 2
LEAST_ABSENT = 2  # beside "none of these"; with fewer the question is one of presence
NONE = Term(id="none", zh=("均未见",), en=("none of these",))  # "none of the above" would be wrong above the others


def presence_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask for findings that are there and for as many that are known not to be, those hard to tell apart first.

    Where nothing is known to be absent, presence is not asked: its answer would always be yes. Of a slice of a volume
    one finding is asked, for on other slices it is absent. An image on which nothing looked for was found is asked for
    one finding, too.

    Raises:
        DataError: a finding is not in the ontology.
    """
    present, absent = _asked(facts.findings, ontology, present=True), _asked(facts.findings, ontology, present=False)
    chosen = [present[i] for i in rng.permutation(len(present))[: min(NUM_PRESENT, len(absent))]]
    if not absent:
        chosen = [term for term in present if _is_absent_elsewhere(term, facts, ontology)][:1]
    taken: list[FindingTerm] = []
    for term in chosen or [None]:
        left = [other.id for other in absent if other not in taken]
        taken += _hard(term, left, ontology, rng)[:1]
    asked = [(term, True) for term in chosen] + [(term, False) for term in taken]
    questions = [_whether(term, ontology, present=truth) for term, truth in asked]
    return questions + _normal(facts.findings, ontology)


def _whether(term: FindingTerm, ontology: Ontology, *, present: bool) -> Question:
    """Ask whether a finding is there; a structure, whether it is in view."""
    question = presence_question(term.term, present=present)
    return replace(question, family="structure") if ontology.kind(term.id) == "structure" else question


def _is_absent_elsewhere(term: FindingTerm, facts: Facts, ontology: Ontology) -> bool:
    """Tell whether other slices of the volume do not show a finding; a structure may be all that there is."""
    measure = facts.measure(term.id)
    return measure is not None and measure.slices is not None and ontology.kind(term.id) != "structure"


def _asked(findings: Sequence[Finding], ontology: Ontology, *, present: bool) -> list[FindingTerm]:
    """Return the terms of findings that are present, or absent, without those that say that all is well."""
    terms = [ontology.finding(item.name) for item in findings if item.present == present]
    return [term for term in terms if not term.normal]


def _hard(
    term: FindingTerm | None, names: Sequence[str], ontology: Ontology, rng: np.random.Generator
) -> list[FindingTerm]:
    """Return findings in random order, and where they are to be told from one, those that are hard to tell first."""
    mixed = [names[int(i)] for i in rng.permutation(len(names))]
    return hardest_first(term.id, mixed, ontology) if term else [ontology.finding(name) for name in mixed]


def _normal(findings: Sequence[Finding], ontology: Ontology) -> list[Question]:
    """Ask whether the image is normal, where a label says so, or says that none of the normal classes holds."""
    normal = [item for item in findings if ontology.finding(item.name).normal]
    if not normal:
        return []
    truth = any(item.present for item in normal)
    return [Question(kind="closed", task="normal", family="normal", truth=truth)]


def which_questions(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask which class an image is of, open and as a choice; else which of several findings is there, as a choice.

    Raises:
        DataError: a finding is not in the ontology.
    """
    questions: list[Question] = []
    for parent, name in facts.classes.items():
        term, group = ontology.finding(name), ontology.finding(parent)
        rivals = [rival.id for rival in ontology.rivals(name)]
        family = "class" if term.grade is None else "grade"
        choice = Choice(
            task=f"{family}:{parent}",
            family=family,
            slot=family,
            value=term.term,
            others=tuple(each.term for each in _hard(term, rivals, ontology, rng)[: MAX_OPTIONS - 1]),
            slots={"set": group.term},
        )
        questions += [open_question(choice), _choose(choice, rng)]
    return questions or _which_finding(facts, ontology, rng)


def _choose(choice: Choice, rng: np.random.Generator) -> Question:
    """Offer a value among the wrong ones that were chosen for it."""
    return shuffled_question(choice.task, choice.family, choice.slots, [choice.value, *choice.others], rng)


def _which_finding(facts: Facts, ontology: Ontology, rng: np.random.Generator) -> list[Question]:
    """Ask which finding is there, among findings known to be absent; at times, and on images without any, none is."""
    present = _asked(facts.findings, ontology, present=True)
    absent = [term.id for term in _asked(facts.findings, ontology, present=False)]
    if len(absent) < LEAST_ABSENT:
        return []
    right = present[rng.integers(len(present))] if present else None
    wrong = [term.term for term in _hard(right, absent, ontology, rng)]
    options = [right.term, *wrong[: MAX_OPTIONS - 2], NONE] if right else [NONE, *wrong[: MAX_OPTIONS - 1]]
    return [shuffled_question("finding", "finding", {}, options, rng)]
