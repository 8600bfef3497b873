"""Siblings: the terms of a table that a question may offer as wrong choices."""

from collections.abc import Mapping

from doctorsun.data.ontology.terms import Term


def siblings_of(name: str, table: Mapping[str, Term]) -> tuple[Term, ...]:
    """Return what a term is not, in table order.

    These are the siblings that its row lists; else the terms of the same parent; else the roots of the table, without
    the one that it belongs to. A term that shares a name with it is none of them: it would be right, too.
    """
    own = table[name]
    if own.siblings:
        names = [sibling for sibling in table if sibling in own.siblings]
    else:
        names = [other for other, term in table.items() if term.parent == own.parent]
        if own.parent and len(names) == 1:
            names = [other for other, term in table.items() if not term.parent and other != root_of(name, table)]
    taken = _names(own)
    return tuple(
        table[other] for other in names if other != name and (own.siblings or not taken & _names(table[other]))
    )


def far_from(name: str, table: Mapping[str, Term]) -> tuple[Term, ...]:
    """Return the terms within the outermost parts that lie far from the one that a term belongs to, in table order."""
    far = table[root_of(name, table)].far
    return tuple(term for term in table.values() if term.parent and root_of(term.id, table) in far)


def root_of(name: str, table: Mapping[str, Term]) -> str:
    """Return the outermost term that a term belongs to."""
    while parent := table[name].parent:
        name = parent
    return name


def _names(term: Term) -> set[str]:
    return {name.casefold() for name in (*term.zh, *term.en)}
