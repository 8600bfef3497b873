"""Meaning: a record in a data set's own words becomes an annotated image in the ontology's."""

from dataclasses import replace
from pathlib import Path

from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.rules import split_of, value_of
from doctorsun.data.convert.annotation import AnnotatedImage, AnnotatedObject
from doctorsun.data.ontology.ontology import Ontology
from doctorsun.data.readers.record import Record
from doctorsun.errors import DataError
from doctorsun.schema import Deidentification, Groups, Source


def annotated_image(
    adapter: Adapter, record: Record, root: Path, ontology: Ontology, *, item: str = ""
) -> AnnotatedImage:
    """Say what a record shows.

    Args:
        adapter: the page.
        record: the image in the words of the data set.
        root: the folder of the data set.
        ontology: as the adapter extends it.
        item: what the record is a part of, such as a volume or a video; empty where it is alone. Where the page tells
            no study, the parts are one.

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
    groups = Groups(
        patient=value_of(adapter.patient, record, "patient"), study=value_of(adapter.study, record, "study") or item
    )
    return AnnotatedImage(
        original_id=record.original_id,
        picture=record.picture,
        source=_source(adapter, record, groups, root, item or record.original_id),
        acquisition=record.acquisition,
        modality=value_of(adapter.modality, record, "modality"),
        plane=record.plane or value_of(adapter.plane, record, "plane"),
        anatomy=value_of(adapter.anatomy, record, "anatomy"),
        department=value_of(adapter.department, record, "department"),
        labels=labels,
        objects=objects,
        incomplete=frozenset(adapter.incomplete),
        texts=record.texts,
        vocabulary=frozenset(filter(None, adapter.labels.values())),
        groups=groups,
        deidentification=_deidentification(record),
    )


def _deidentification(record: Record) -> Deidentification:
    """Return what the file itself says of its de-identification: PS3.15 by the codes of its profile and options."""
    codes = record.fields.get("deidentified", "")
    return Deidentification(profile="DICOM PS3.15 Annex E", version=codes) if codes else Deidentification()


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


def _source(adapter: Adapter, record: Record, groups: Groups, root: Path, item: str) -> Source:
    people = {"patient": groups.patient or item, "study": groups.study or item}
    return Source(
        dataset=adapter.dataset,
        version=adapter.version,
        url=adapter.url,
        licence=value_of(adapter.licence, record, "licence"),
        split=split_of(adapter.split, replace(record, fields=record.fields | people), root),
        original_id=record.original_id,
    )
