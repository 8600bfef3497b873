"""Meaning: a record in a data set's own words becomes an annotated image in the ontology's."""

import hashlib
import re
from pathlib import Path

from doctorsun.config.data import Split
from doctorsun.data.adapters.adapter import Adapter, FieldRule, SplitRule
from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.readers.paths import filled
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError
from doctorsun.schema import Groups, Source

VALIDATION_PERCENT = 5
TEST_PERCENT = 10


def annotated_image(adapter: Adapter, record: Record, root: Path, ontology: Ontology) -> AnnotatedImage:
    """Say what a record shows.

    Raises:
        DataError: a label, a modality or a split is not one that the adapter translates; the message has the line to
            add.
    """
    labels = {name: holds for label, holds in record.labels.items() if (name := _meant(adapter, label))}
    objects = tuple(
        AnnotatedObject(label=name, box_px=mark.box_px, mask=mark.mask, slices=mark.slices)
        for mark in record.marks
        if (name := _meant(adapter, mark.label))
    )
    labels |= {item.label: True for item in objects if item.label in ontology.findings}
    if adapter.exhaustive:
        findings = {name for name in adapter.labels.values() if name in ontology.findings}
        labels = dict.fromkeys(sorted(findings), False) | labels
    return AnnotatedImage(
        original_id=record.original_id,
        picture=record.picture,
        source=_source(adapter, record, root),
        acquisition=record.acquisition,
        modality=_translated(adapter, adapter.modality, record),
        plane=record.plane or adapter.plane,
        anatomy=adapter.anatomy,
        department=adapter.department,
        labels=labels,
        objects=objects,
        texts=record.texts,
        groups=Groups(patient=_value(adapter.patient, record), study=_value(adapter.study, record)),
    )


def _meant(adapter: Adapter, label: str) -> str | None:
    """Return the ontology id of a data set's label; None where the adapter leaves it out."""
    if label not in adapter.labels:
        raise DataError(
            f"label of {adapter.dataset}",
            got=f"'{label}'",
            expected="one of " + ", ".join(f"'{name}'" for name in adapter.labels),
            do=f"add the line '{label}: ONTOLOGY_ID' (or '{label}: null' to leave it out) under labels in the adapter",
        )
    return adapter.labels[label]


def _translated(adapter: Adapter, template: str, record: Record) -> str:
    value = filled(template, record.fields)
    if template == value:
        return value
    if value not in adapter.modalities:
        raise DataError(
            f"modality of {record.original_id} in {adapter.dataset}",
            got=f"'{value}'",
            expected="one of " + ", ".join(adapter.modalities),
            do=f"add the line '{value}: ONTOLOGY_ID' under modalities in the adapter",
        )
    return adapter.modalities[value]


def _source(adapter: Adapter, record: Record, root: Path) -> Source:
    return Source(
        dataset=adapter.dataset,
        version=adapter.version,
        url=adapter.url,
        licence=adapter.licence,
        split=_split(adapter.split, record, root),
        original_id=record.original_id,
    )


def _split(rule: Split | SplitRule, record: Record, root: Path) -> Split:
    if isinstance(rule, str):
        return rule
    if rule.field is not None:
        value = filled(rule.field, record.fields)
        if value in rule.values:
            return rule.values[value]
        raise DataError(
            f"split of {record.original_id}",
            got=f"'{value}'",
            expected="one of " + ", ".join(rule.values),
            do=f"add the line '{value}: train' under split.values in the adapter",
        )
    if rule.lists is not None:
        key = filled(rule.key, record.fields)
        for split, path in rule.lists.items():
            if key in (root / path).read_text(encoding="utf-8-sig").split():
                return split
        raise DataError(f"split of {record.original_id}", got=f"'{key}' in no list", expected=f"one of {rule.lists}")
    return _hashed(filled(rule.hash or "{name}", record.fields))


def _hashed(key: str) -> Split:
    share = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100
    if share < TEST_PERCENT:
        return "test"
    return "validation" if share < TEST_PERCENT + VALIDATION_PERCENT else "train"


def _value(rule: str | FieldRule, record: Record) -> str:
    if isinstance(rule, str):
        return filled(rule, record.fields)
    text = filled(rule.field, record.fields)
    match = re.search(rule.match, text)
    if match is None:
        raise DataError(f"{record.original_id}", got=f"'{text}'", expected=f"text like {rule.match}")
    return match.group(1)
