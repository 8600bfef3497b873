"""Tables: reading the YAML of an ontology, and all that must hold between its rows."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from doctorsun.data.ontology.terms import LANGUAGES, FindingTerm, Term
from doctorsun.errors import DataError

KINDS = ("finding", "diagnosis", "structure", "cell", "tissue", "instrument")
"""The rows without a parent."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ID = re.compile(r"[a-z][a-z0-9_]*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_TablesT = TypeVar("_TablesT", bound=BaseModel)


def read_tables(places: str, findings: Mapping[str, str], model: type[_TablesT]) -> _TablesT:
    """Read the texts of all files into a model of the tables.

    Raises:
        DataError: YAML or keys are wrong, or an id stands twice.
    """
    tables = {name: _with_ids(rows) for name, rows in _parsed("places.yaml", places).items()}
    tables["findings"] = {}
    for file, text in findings.items():
        rows = _with_ids(_parsed(file, text))
        if twice := sorted(rows.keys() & tables["findings"].keys()):
            raise _wrong(f"{file}: {twice[0]}", "an id that another file has", "each id once", "merge the rows")
        tables["findings"] |= rows
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _wrong(where, repr(first["input"])[:80], first["msg"], "correct this entry") from error


def _parsed(file: str, text: str) -> dict[str, Any]:
    """Return the rows of a file."""
    try:
        loader = _LOADER(text)
        root = loader.get_single_node()
        _check_keys(file, root)
        return loader.construct_document(root) if root else {}
    except yaml.YAMLError as error:
        raise _wrong(file, str(error), "YAML", "correct the file") from error


def _check_keys(file: str, node: yaml.Node | None) -> None:
    """Check that no key stands twice, of which PyYAML would keep the last one."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            place = f"{file}:{key.start_mark.line + 1}"
            raise _wrong(place, f"'{key.value}' a second time", "each id once", "merge the rows")
        seen.add(key.value)
        _check_keys(file, value)


def _with_ids(rows: Any) -> dict[str, dict[str, Any]]:
    """Write each row's key into the row."""
    return {key: {"id": key, **row} if isinstance(row, dict) else row for key, row in (rows or {}).items()}


def check_tables(findings: Mapping[str, FindingTerm], tables: Mapping[str, Mapping[str, Term]]) -> None:
    """Check names, references, grades and the tree.

    Raises:
        DataError: something does not hold; the message names the entry.
    """
    for name, table in [("findings", findings), *tables.items()]:
        _check_names(name, table)
        _check_parents(name, table)
    for term in findings.values():
        _check_references(term, findings, tables)
    for term in tables["modalities"].values():
        _require(f"modalities.{term.id}.planes", term.planes, tables["planes"])
        _require(f"modalities.{term.id}.organs", term.organs, tables["organs"])
    for table in ("modalities", "organs"):
        for term in tables[table].values():
            _require(f"{table}.{term.id}.siblings", term.siblings, tables[table])
            _require(f"{table}.{term.id}.far", term.far, tables[table])
    _check_grades(findings)


def _check_names(table: str, rows: Mapping[str, Term] | Mapping[str, FindingTerm]) -> None:
    """Check ids and languages, and that rows of one parent share no name."""
    taken: dict[tuple[str, str, str], str] = {}
    for row in rows.values():
        where = f"{table}.{row.id}"
        if not _ID.fullmatch(row.id):
            raise _wrong(where, f"the id '{row.id}'", "lower case letters, digits and _", "rename it")
        if not any(_HAN.search(name) for name in row.zh):
            raise _wrong(f"{where}.zh", str(list(row.zh)), "a Chinese term", "add the Chinese term")
        if any(_HAN.search(name) for name in row.en):
            raise _wrong(f"{where}.en", str(list(row.en)), "English terms", "move the Chinese terms to zh")
        for language in LANGUAGES:
            for name in row.zh if language == "zh" else row.en:
                key = (row.parent, language, name.casefold())
                if (other := taken.setdefault(key, row.id)) != row.id and table == "findings":
                    raise _wrong(
                        f"{where}.{language}",
                        f"'{name}'",
                        f"a name that its sibling '{other}' has not",
                        "tell them apart",
                    )


def _check_parents(table: str, rows: Mapping[str, Term] | Mapping[str, FindingTerm]) -> None:
    """Check that parents exist, that no row is its own ancestor, and that findings end in a kind."""
    for row in rows.values():
        path = [row.id]
        while parent := rows[path[-1]].parent:
            _require(f"{table}.{path[-1]}.parent", (parent,), rows)
            if parent in path:
                raise _wrong(f"{table}.{row.id}.parent", " > ".join([*path, parent]), "a tree", "remove the circle")
            path.append(parent)
        if table == "findings" and path[-1] not in KINDS:
            raise _wrong(
                f"findings.{path[-1]}.parent", "none", f"a row, or one of {', '.join(KINDS)}", "add the parent"
            )


def _check_references(
    term: FindingTerm, findings: Mapping[str, FindingTerm], tables: Mapping[str, Mapping[str, Term]]
) -> None:
    """Check that every id that a finding names exists."""
    where = f"findings.{term.id}"
    for field, names, table in (
        ("modality", (term.modality,), tables["modalities"]),
        ("siblings", term.siblings, findings),
        ("regions", term.regions, findings),
        ("zones", term.zones, tables["zones"]),
        ("organ", (term.organ,), tables["organs"]),
        ("department", (term.department,), tables["departments"]),
        ("side", (term.side,), tables["sides"]),
    ):
        _require(f"{where}.{field}", filter(None, names), table)


def _check_grades(findings: Mapping[str, FindingTerm]) -> None:
    """Check that the grades of one scale run from 0 without a gap."""
    scales: dict[str, list[int]] = {}
    for term in findings.values():
        if term.grade is not None:
            scales.setdefault(term.parent, []).append(term.grade)
    for parent, grades in scales.items():
        if sorted(grades) != list(range(len(grades))):
            raise _wrong(f"findings.{parent}", f"grades {sorted(grades)}", "0, 1, 2 and so on", "number them anew")
        if not parent or not findings[parent].exclusive:
            raise _wrong(f"findings.{parent}", "a scale", "exclusive: true", "grades exclude each other: say so")


def _require(where: str, names: Iterable[str], table: Mapping[str, Any]) -> None:
    """Check that a table has these ids."""
    for name in names:
        if name not in table:
            known = sorted(table)
            shown = ", ".join(known) if len(known) <= 40 else f"{', '.join(known[:8])} ... ({len(known)} ids)"  # noqa: PLR2004 (a line's worth)
            raise _wrong(where, repr(name), f"one of {shown}", "correct the name")


def _wrong(where: str, got: str, expected: str, do: str) -> DataError:
    """Return the error of an entry."""
    return DataError(f"ontology: {where}", got=got, expected=expected, do=do)
