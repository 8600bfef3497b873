"""Vocabulary: the ontology as an adapter extends it, and the check that the adapter uses no other ids."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from doctorsun.config.complaint import join_complaints
from doctorsun.config.document import Node
from doctorsun.config.suggest import did_you_mean
from doctorsun.data.adapters.adapter import Adapter, FieldRule, NewTerm
from doctorsun.data.draft.page import FILL_IN
from doctorsun.data.ontology.article import with_article
from doctorsun.data.ontology.ontology import Ontology, extended, load_ontology
from doctorsun.errors import DataError, RecipeError


def ontology_of(adapter: Adapter) -> Ontology:
    """Return the shipped ontology with the adapter's own terms.

    Raises:
        DataError: a term does not fit into the tree.
    """
    terms = {name: _row_of(term) for name, term in adapter.terms.items()}
    return _extended(json.dumps(terms)) if terms else load_ontology()


def check_vocabulary(adapter: Adapter, document: Node) -> None:
    """Check every id that an adapter uses, and that its terms are told: they go with every sample.

    Args:
        adapter: the page.
        document: what it was read from, for the places in the message.

    Raises:
        RecipeError: the ontology does not have an id, or a draft was not filled in; a line for each. Or a term of the
            adapter does not fit into the tree.
    """
    try:
        ontology = ontology_of(adapter)
    except DataError as error:
        raise _placed(error, document) from error
    complaints = [
        RecipeError(
            f"{document.nearest(*path).mark}: {'.'.join(path)}: not an id of the ontology",
            got=f"'{name}'",
            expected=f"one of its {len(known)} {table}",
            do=did_you_mean(name, known, otherwise="choose one, or add it under 'terms' in the adapter"),
        )
        for table, known, used in _tables(adapter, ontology)
        for path, name in used
        if name and name not in known
    ]
    complaints += [
        RecipeError(
            f"{document.nearest(key).mark}: {key}: not filled in",
            got=f"'{FILL_IN}'",
            expected=expected,
            do="replace it; 'unknown' if nobody can tell",
        )
        for key, expected in (("url", "where the data set is described"), ("licence", "the terms of the data set"))
        if FILL_IN in (adapter.licences() if key == "licence" else (adapter.url,))
    ]
    if complaints:
        raise join_complaints(complaints)


def _row_of(term: NewTerm) -> dict[str, Any]:
    """Return a term as a row of the ontology, with its article."""
    row = term.model_dump(exclude_defaults=True)
    return row if term.an is not None else row | {"an": with_article(term.en[0])}


def _placed(error: DataError, document: Node) -> RecipeError:
    """Return the ontology's complaint about a term with the place of the term."""
    found = _TERM.search(error.what)
    name, key = found.groups("") if found else ("", "")
    node = document.nearest("terms", name, key)
    where = f"terms.{name}" + (f".{key}" if key else "")
    if document.nearest("terms").child(name) is None:  # a row of the ontology that does not fit with the terms
        where = f"terms: {error.what}"
    mark = node.mark if key else node.key_mark
    return RecipeError(f"{mark}: {where}", got=error.got, expected=error.expected, do=error.do)


_TERM = re.compile(r"(?:term |findings\.)([^.]+)(?:\.(\w+))?$")
"""How the ontology names a row, or a key of one."""

Used = Iterable[tuple[tuple[str, ...], str]]


def _tables(adapter: Adapter, ontology: Ontology) -> Iterator[tuple[str, Mapping[str, object], Used]]:
    """Yield each table of ids with the places in the adapter that name one of it."""
    yield "modalities", ontology.modalities, _named("modality", adapter.modality)
    yield "organs", ontology.organs, _named("anatomy", adapter.anatomy)
    yield "departments", ontology.departments, _named("department", adapter.department)
    yield "planes", ontology.planes, _named("plane", adapter.plane)
    labels = [(("labels", label), name) for label, name in adapter.labels.items() if name is not None]
    yield "findings", ontology.findings, [*labels, *((("incomplete",), name) for name in adapter.incomplete)]


def _named(key: str, rule: str | FieldRule) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(rule, FieldRule):
        yield from (((key, "values", text), name) for text, name in rule.values.items())
    elif "{" not in rule:
        yield (key,), rule


@cache
def _extended(terms: str) -> Ontology:
    return extended(load_ontology(), json.loads(terms))
