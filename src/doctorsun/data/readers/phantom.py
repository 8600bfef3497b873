"""Reader of the embedded source: phantoms and shapes, each item a pure function of seed, split and number."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from doctorsun.data.convert.annotation import AnnotatedImage
from doctorsun.data.convert.documents import documents_of
from doctorsun.data.convert.facts import facts_of
from doctorsun.data.convert.samples import Blank, ask_all, image_of, samples_of
from doctorsun.data.convert.shape_questions import shape_facts, shape_questions
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.phantom import (
    abdominal_ct,
    blood_smear,
    brain_mr,
    chest_xray,
    dermoscopy,
    fundus,
    histology,
    shapes,
    ultrasound,
)
from doctorsun.data.phantom.phantom import Phantom, drawn_source
from doctorsun.data.readers.item import Item
from doctorsun.errors import DataError
from doctorsun.schema import Groups, MadeBy, Message, Object, Sample, sample_id, text_part

Draw = Callable[[np.random.Generator], Phantom]
DRAWERS: dict[str, Draw] = {
    "chest_xray": chest_xray.draw,
    "abdominal_ct": abdominal_ct.draw,
    "brain_mr": brain_mr.draw,
    "fundus": fundus.draw,
    "ultrasound": ultrasound.draw,
    "histology": histology.draw,
    "dermoscopy": dermoscopy.draw,
    "blood_smear": blood_smear.draw,
}
MODALITIES = tuple(DRAWERS)
_FIRST_PATIENT = {"train": 0, "validation": 1_000_000_000, "test": 2_000_000_000}


@dataclass(frozen=True)
class DrawnReader:
    """So many drawn items, each from its number alone."""

    draw: Callable[[int], Sequence[Sample]]
    num_items: int

    def pending(self) -> Iterator[int]:
        """Yield the numbers of the items."""
        yield from range(self.num_items)

    def make(self, pending: int) -> Item:
        """Draw one item."""
        return tuple(self.draw(pending))


def phantom_item(seed: int, split: str, number: int, modalities: Sequence[str] = MODALITIES) -> list[Sample]:
    """Return the samples of one phantom; the modalities take turns.

    Raises:
        DataError: the split or a modality is not known.
    """
    rng, groups, original_id = _origin(seed, split, number)
    drawn = _drawn(rng, number, modalities)
    source = replace(drawn.source, split=split, original_id=original_id)
    annotated = replace(drawn, original_id=original_id, source=source, groups=groups)
    ontology = load_ontology()
    return samples_of(annotated, facts_of(annotated, ontology), rng, ontology)


def shapes_item(seed: int, split: str, number: int) -> list[Sample]:
    """Return the samples of one drawing.

    Raises:
        DataError: the split is not known.
    """
    rng, groups, original_id = _origin(seed, split, number)
    drawing = shapes.draw(rng)
    source = replace(drawn_source("shapes"), split=split, original_id=original_id)
    blank = Blank(
        sample=Sample(
            id="",
            messages=(),
            source=source,
            domain="general",
            images=(image_of(drawing.pixels),),
            groups=groups,
            objects=tuple(Object(label=f"{item.colour} {item.shape}", box_px=item.box_px) for item in drawing.shapes),
            facts=shape_facts(drawing),
        )
    )
    return ask_all(blank, shape_questions(drawing, rng), rng)


def phantom_text_item(seed: int, split: str, number: int, modalities: Sequence[str] = MODALITIES) -> list[Sample]:
    """Return the documents of one case, each a lone assistant message; its case is none of ``phantom_item``'s.

    Raises:
        DataError: the split or a modality is not known.
    """
    rng, groups, original_id = _origin(seed, split, number, stream=1)
    ontology = load_ontology()
    facts = facts_of(_drawn(rng, number, modalities), ontology)
    source = replace(drawn_source("phantom_text"), split=split, original_id=original_id)
    return [
        Sample(
            id=sample_id(source.dataset, original_id, document.language, str(key)),
            source=source,
            task="text",
            messages=(Message(role="assistant", content=(text_part(document.text),)),),
            language=document.language,
            modality=facts.modality,
            anatomy=facts.anatomy,
            department=facts.department,
            groups=groups,
            made_by=MadeBy(method="template", template=f"{document.language}/text/{document.kind}"),
        )
        for key, document in enumerate(documents_of(facts, rng, ontology))
    ]


def split_of(patient: str) -> str:
    """Return the split that owns a patient: each split has its own range of patient numbers.

    Raises:
        DataError: this is not the id of a drawn patient.
    """
    last = patient.rpartition("-")[2]
    if not last.isdecimal():
        raise DataError(
            "patient", got=repr(patient), expected="an id such as 'patient-7-12'", do="pass the id of a drawn patient"
        )
    return max((first, split) for split, first in _FIRST_PATIENT.items() if first <= int(last))[1]


def _drawn(rng: np.random.Generator, number: int, modalities: Sequence[str]) -> AnnotatedImage:
    """Draw the image of an item.

    Raises:
        DataError: a modality is not known.
    """
    for name in modalities:
        if name not in DRAWERS:
            raise DataError(
                "phantom modality", got=repr(name), expected="one of " + ", ".join(DRAWERS), do="correct the name"
            )
    return DRAWERS[modalities[number % len(modalities)]](rng).image


def _origin(seed: int, split: str, number: int, stream: int = 0) -> tuple[np.random.Generator, Groups, str]:
    """Return the random stream, the groups and the id of an image; two patients of three images own two and one.

    Raises:
        DataError: the split is not known.
    """
    if split not in _FIRST_PATIENT:
        raise DataError("split", got=repr(split), expected="one of " + ", ".join(_FIRST_PATIENT), do="correct the name")
    patient = f"patient-{seed}-{_FIRST_PATIENT[split] + number * 2 // 3}"
    groups = Groups(patient=patient, study=f"{patient}-study-{number}")
    return np.random.default_rng((seed, _FIRST_PATIENT[split] + number, stream)), groups, f"{split}-{seed}-{number}"
