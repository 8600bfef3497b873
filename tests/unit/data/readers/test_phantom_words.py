"""The embedded source says the same words as when its published numbers were made."""

import hashlib
import json
from dataclasses import asdict

import pytest

from doctorsun.data.readers.phantom import MODALITIES, phantom_item, phantom_text_item, shapes_item

PUBLISHED = {
    phantom_item: "e898c0fada4493c861e42b0f988f60a6192718017fa3188ec89438bf68ed6b31",
    phantom_text_item: "3cb5ae5a37a0a95c6ccea3949211c6b82122bcb56e0244eaee0e29a969ce448b",
    shapes_item: "ce340e45fdd16bec946f5b2fd99f9347741fe240a8b6bc418c5649dbc659a669",
}


def said(sample):
    """Return all of a sample but its pixels, which a library may encode otherwise."""
    plain = (sample.id, sample.language, sample.task, sample.modality, sample.anatomy, sample.labels, sample.facts)
    records = (*sample.messages, sample.answer, sample.variant, *sample.objects, sample.groups, sample.made_by)
    return plain, [record and asdict(record) for record in records]


@pytest.mark.parametrize(("make", "digest"), PUBLISHED.items())
def test_samples_are_those_of_the_published_numbers(make, digest):
    numbers = range(2 * len(MODALITIES))
    samples = [sample for split in ("train", "test") for number in numbers for sample in make(7, split, number)]
    text = json.dumps([said(sample) for sample in samples], ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == digest
