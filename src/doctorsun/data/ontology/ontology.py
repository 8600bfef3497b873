"""Ontology: the checked tables of terms, loaded once from the YAML files beside this module."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from doctorsun.errors import DataError

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
Asked = Literal["presence", "side", "zone", "count", "size", "box"]


class _Record(BaseModel):
    """What every table row has in common: fixed once read, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(_Record):
    """One text in both languages."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the text in this language."""
        return self.zh if language == "zh" else self.en


class Term(_Record):
    """A term with its synonyms, preferred first; ``an`` is the English phrase with its article, where one is used."""

    id: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    an: str = ""
    side: str = ""
    planes: tuple[str, ...] = ()

    def name(self, language: Language) -> str:
        """Return the preferred term."""
        return self.names(language)[0]

    def names(self, language: Language) -> tuple[str, ...]:
        """Return the accepted terms, preferred first."""
        return self.zh if language == "zh" else self.en

    def phrase(self, language: Language) -> str:
        """Return the term as it stands in a sentence, with its article in English."""
        return self.zh[0] if language == "zh" else self.an or self.en[0]


class SizeLimit(_Record):
    """The size above which a finding is large, and the clinical source of that limit."""

    limit_mm: float
    source: str


class FindingTerm(_Record):
    """A finding: its terms, what may be asked about it, and its words in a report.

    Attributes:
        asks: the question families that apply.
        siblings: findings that serve as wrong choices.
        regions: reference regions whose side is the side of the finding.
        zones: zones of a region from top to bottom, of equal height.
        count_limit: the count above which there are many.
        present: the sentence of a report; ``{side}``, ``{zone}``, ``{size}`` and ``{count}`` are filled in.
    """

    id: str
    modality: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    an: str
    asks: tuple[Asked, ...]
    siblings: tuple[str, ...]
    appearance: Bilingual
    present: Bilingual
    absent: Bilingual
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    count_limit: int | None = None
    size: SizeLimit | None = None

    @property
    def term(self) -> Term:
        """The finding's terms alone."""
        return Term(id=self.id, zh=self.zh, en=self.en, an=self.an)


class Ontology(_Record):
    """All tables by id."""

    modalities: dict[str, Term]
    planes: dict[str, Term]
    organs: dict[str, Term]
    departments: dict[str, Term]
    sides: dict[str, Term]
    eyes: dict[str, Term]
    zones: dict[str, Term]
    sizes: dict[str, Term]
    regions: dict[str, Term]
    findings: dict[str, FindingTerm]

    def finding(self, name: str) -> FindingTerm:
        """Return a finding by its id.

        Raises:
            DataError: the ontology has no such finding.
        """
        if name not in self.findings:
            raise DataError(
                "finding",
                got=repr(name),
                expected="one of " + ", ".join(sorted(self.findings)),
                do="map the data set's label to one of these",
            )
        return self.findings[name]


def parse_ontology(places: str, findings: str) -> Ontology:
    """Read an ontology from the text of its two files.

    Raises:
        DataError: YAML, keys or references are wrong; the message names the entry.
    """
    try:
        tables: dict[str, Any] = dict(yaml.safe_load(places))
        tables["findings"] = yaml.safe_load(findings)
        tables = {name: _with_ids(rows) for name, rows in tables.items()}
        ontology = Ontology.model_validate(tables)
    except yaml.YAMLError as error:
        raise DataError("ontology", got=str(error), expected="YAML", do="correct the file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"ontology: {where}", got=repr(first["input"])[:80], expected=first["msg"], do="correct this entry"
        ) from error
    _check_references(ontology)
    return ontology


def _with_ids(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Write each row's key into the row."""
    return {key: {"id": key, **row} for key, row in rows.items()}


def _check_references(ontology: Ontology) -> None:
    """Check that every id that a finding names exists."""
    for finding in ontology.findings.values():
        for field, names, table in (
            ("modality", (finding.modality,), ontology.modalities),
            ("siblings", finding.siblings, ontology.findings),
            ("regions", finding.regions, ontology.regions),
            ("zones", finding.zones, ontology.zones),
        ):
            for name in names:
                if name not in table:
                    raise DataError(
                        f"ontology: findings.{finding.id}.{field}",
                        got=repr(name),
                        expected="one of " + ", ".join(sorted(table)),
                        do="correct the name",
                    )


@cache
def load_ontology() -> Ontology:
    """Return the shipped ontology."""
    folder = resources.files("doctorsun.data.ontology")
    return parse_ontology(
        folder.joinpath("places.yaml").read_text(encoding="utf-8"),
        folder.joinpath("findings.yaml").read_text(encoding="utf-8"),
    )
