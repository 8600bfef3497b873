"""A sample as one row of a store, of plain values alone: quick to send from the process that made it."""

from typing import Any

from doctorsun.schema import Image, MadeBy, Sample, Source

SampleRow = dict[str, Any]
_SOURCE_FIELDS = tuple(Source.__dataclass_fields__)
_MADE_BY_FIELDS = tuple(MadeBy.__dataclass_fields__)


def sample_row(sample: Sample) -> SampleRow:
    """Return a sample as nested dictionaries, lists and tuples, named as in the schema of a store."""
    answer, variant, source = sample.answer, sample.variant, sample.source
    groups, made_by, deidentification = sample.groups, sample.made_by, sample.deidentification
    return {
        "id": sample.id,
        "images": [_image_row(image) for image in sample.images],
        "messages": [
            {"role": turn.role, "content": [{"type": part.type, "text": part.text} for part in turn.content]}
            for turn in sample.messages
        ],
        "answer": answer and {"kind": answer.kind, "options": answer.options, "gold": answer.gold},
        "rejected": sample.rejected,
        "variant": variant and {"of": variant.of, "kind": variant.kind},
        "language": sample.language,
        "domain": sample.domain,
        "task": sample.task,
        "modality": sample.modality,
        "anatomy": sample.anatomy,
        "department": sample.department,
        "labels": sample.labels,
        "objects": [{"label": thing.label, "box_px": thing.box_px, "image": thing.image} for thing in sample.objects],
        "facts": sample.facts,
        "source": {name: getattr(source, name) for name in _SOURCE_FIELDS},
        "groups": {"patient": groups.patient, "study": groups.study, "article": groups.article},
        "made_by": {name: getattr(made_by, name) for name in _MADE_BY_FIELDS},
        "deidentification": {"profile": deidentification.profile, "version": deidentification.version},
    }


def _image_row(image: Image) -> SampleRow:
    facts = image.facts
    return {
        "bytes": image.bytes,
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "path": image.path,
        "facts": {
            "spacing_mm": facts.spacing_mm,
            "window": facts.window,
            "slice": facts.slice,
            "orientation": facts.orientation,
        },
    }
