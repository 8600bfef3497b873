"""Negatives: wrong choices that are hard to tell from the right one, and surely wrong."""

from collections.abc import Iterable
from functools import cache

from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.ontology.siblings import root_of
from doctorsun.data.ontology.terms import LANGUAGES, FindingTerm


def hardest_first(name: str, others: Iterable[str], ontology: Ontology) -> list[FindingTerm]:
    """Return findings by how hard they are to tell from one, the hardest first.

    Grades of one scale go by their distance; others by parent and organ, then organ, then department.

    Raises:
        DataError: the ontology has no such finding.
    """
    own = ontology.finding(name)

    def ease(term: FindingTerm) -> tuple[int, bool, bool, bool]:
        graded = own.parent == term.parent and own.grade is not None and term.grade is not None
        distance = abs(own.grade - term.grade) if graded and own.grade is not None and term.grade is not None else 0
        return (
            distance,
            own.parent != term.parent,
            own.organ != term.organ,
            own.department != term.department,
        )

    return sorted((ontology.finding(other) for other in others), key=ease)


@cache
def siblings_beyond_doubt(name: str, ontology: Ontology) -> tuple[FindingTerm, ...]:
    """Return findings that a marked region of this one cannot be: siblings, then others of its kind nearby.

    Nearby is another organ of the same part of the body and, but for structures, of the same department: what no such
    picture ever shows is no choice to think about. Left out are what it is a kind or a part of, its own kinds and
    parts, groups and sets of classes, and terms whose names contain one another (kidney, left kidney).

    Raises:
        DataError: the ontology has no such finding.
    """
    own = ontology.finding(name)
    above = {term.id for term in ontology.lineage(name)}
    groups = {term.parent for term in ontology.findings.values()}
    apart = [
        term
        for term in ontology.findings.values()
        if term.id not in above | groups
        and not term.normal
        and not term.residual
        and name not in {each.id for each in ontology.lineage(term.id)}
        and not _share_words(own, term)
    ]
    siblings = [term for term in apart if term.parent == own.parent]
    return (*siblings, *(term for term in apart if term.parent != own.parent and _is_near(term, own, ontology)))


def _is_near(term: FindingTerm, own: FindingTerm, ontology: Ontology) -> bool:
    """Tell whether a finding is of the same kind, in another organ of the same part of the body."""
    kind = ontology.kind(own.id)
    if ontology.kind(term.id) != kind or not own.organ or term.organ in ("", own.organ):
        return False
    parts = {root_of(each.organ, ontology.organs) for each in (term, own)}
    return len(parts) == 1 and (kind == "structure" or term.department == own.department)


def _share_words(first: FindingTerm, second: FindingTerm) -> bool:
    """Tell whether a name of one term stands within a name of the other."""
    for language in LANGUAGES:
        own, other = (term.term.names(language) for term in (first, second))
        pairs = [(a.casefold(), b.casefold()) for a in own for b in other]
        if any(a in b or b in a for a, b in pairs):
            return True
    return False
