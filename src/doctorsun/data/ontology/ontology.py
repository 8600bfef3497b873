"""Ontology: the tables of terms as one tree, loaded once from the YAML files beside this module."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import ValidationError

from doctorsun.config.suggest import did_you_mean
from doctorsun.data.ontology.tables import check_tables, read_tables
from doctorsun.data.ontology.terms import FindingTerm, Row, Term
from doctorsun.errors import DataError


class Ontology(Row):
    """All tables by id; ``findings`` holds everything that an annotation may name."""

    modalities: dict[str, Term]
    planes: dict[str, Term]
    organs: dict[str, Term]
    departments: dict[str, Term]
    sides: dict[str, Term]
    eyes: dict[str, Term]
    zones: dict[str, Term]
    sizes: dict[str, Term]
    places: dict[str, Term]
    findings: dict[str, FindingTerm]

    def __eq__(self, other: object) -> bool:
        """Tell whether this is the very same ontology: answers about one are kept, and its tables are large."""
        return self is other

    def __hash__(self) -> int:
        """Return the hash of this ontology and no other."""
        return id(self)

    def look_up(self, table: Literal["modalities", "planes", "organs", "departments"], name: str) -> Term:
        """Return a row of a table.

        Raises:
            DataError: the table has no such row.
        """
        rows: dict[str, Term] = getattr(self, table)
        if name not in rows:
            do = did_you_mean(name, rows, otherwise=f"add the row '{name}' to {table} in ontology/places.yaml")
            raise DataError(f"ontology: {table}", got=repr(name), expected=f"one of {', '.join(rows)}", do=do)
        return rows[name]

    def finding(self, name: str) -> FindingTerm:
        """Return a finding by its id.

        Raises:
            DataError: the ontology has no such finding; the message has the line to add.
        """
        if name not in self.findings:
            line = (
                f"{name}: {{zh: [...], en: [{name.replace('_', ' ')}], parent: finding, organ: ..., department: ...}}"
            )
            raise DataError(
                "finding",
                got=repr(name),
                expected=f"one of the {len(self.findings)} ids of the ontology",
                do=did_you_mean(name, self.findings, otherwise=f"add the line '{line}' to a file of ontology/labels"),
            )
        return self.findings[name]

    def lineage(self, name: str) -> Iterator[FindingTerm]:
        """Yield a finding, its parent and so on up to its kind.

        Raises:
            DataError: the ontology has no such finding.
        """
        while name:
            term = self.finding(name)
            yield term
            name = term.parent

    def kind(self, name: str) -> str:
        """Return what a finding is in the end: finding, diagnosis, structure, cell, tissue or instrument.

        Raises:
            DataError: the ontology has no such finding.
        """
        return [term.id for term in self.lineage(name)][-1]

    def rivals(self, name: str) -> tuple[FindingTerm, ...]:
        """Return the classes that a finding excludes: the other children of an exclusive parent, in table order.

        Raises:
            DataError: the ontology has no such finding.
        """
        parent = self.finding(name).parent
        if not parent or not self.findings[parent].exclusive:
            return ()
        return tuple(term for term in self.findings.values() if term.parent == parent and term.id != name)


def parse_ontology(places: str, findings: Mapping[str, str]) -> Ontology:
    """Read an ontology from the text of its files: the tables of places, and the files of findings by their names.

    Raises:
        DataError: YAML, keys or references are wrong; the message names the entry.
    """
    tables = read_tables(places, findings, Ontology)
    _check(tables)
    return tables


def _check(ontology: Ontology) -> None:
    others = {name: getattr(ontology, name) for name in Ontology.model_fields if name != "findings"}
    check_tables(ontology.findings, others)


def extended(ontology: Ontology, rows: Mapping[str, Mapping[str, Any]]) -> Ontology:
    """Return an ontology with further findings.

    Args:
        ontology: what is there.
        rows: by id, as in the files of ``labels``.

    Raises:
        DataError: a row has an id that is taken, wrong keys, or does not fit into the tree.
    """
    findings = dict(ontology.findings)
    for name, row in rows.items():
        if name in findings:
            raise DataError(f"term {name}", got="an id that is taken", expected="a new one", do="use the one there is")
        try:
            findings[name] = FindingTerm.model_validate({"id": name, **row})
        except ValidationError as error:
            raise DataError(f"term {name}", got=str(error.errors()[0]["msg"]), do="correct this row") from error
    new = ontology.model_copy(update={"findings": findings})
    _check(new)
    return new


@cache
def load_ontology() -> Ontology:
    """Return the shipped ontology."""
    folder = resources.files("doctorsun.data.ontology")
    labels = sorted(
        (file for file in folder.joinpath("labels").iterdir() if file.name.endswith(".yaml")),
        key=lambda file: file.name,
    )
    files = [folder.joinpath("findings.yaml"), *labels]
    return parse_ontology(
        folder.joinpath("places.yaml").read_text(encoding="utf-8"),
        {file.name: file.read_text(encoding="utf-8") for file in files},
    )
