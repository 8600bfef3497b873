"""The sketch of a sample: what it takes to find duplicates, to cap and to split, without words and pictures."""

import hashlib
import re
from typing import Any

import pyarrow as pa

from doctorsun.data.curate.candidate import Candidate
from doctorsun.data.curate.decoded import Decoded
from doctorsun.data.leak.views import CUTS
from doctorsun.errors import ImageError
from doctorsun.image.fingerprint import FINGERPRINT_BYTES
from doctorsun.schema import Sample
from doctorsun.text.shingles import bands, plain_words, shingles

_DIGEST = pa.binary(32)
_KEY_BYTES = 16
_WORLDWIDE = re.compile(r"(PMC|PMID)\d+|[0-2](\.\d+){5,}")  # articles and DICOM UIDs have one name in all data sets

SKETCH_SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("key", pa.binary(_KEY_BYTES)),
        *[(name, pa.string()) for name in ("id", "variant_of", "language", "dataset", "licence", "split", "task")],
        ("labels", pa.list_(pa.string())),
        *[(name, pa.string()) for name in ("original_id", "patient", "study", "article")],
        ("image_path", pa.list_(pa.string())),
        ("image_sha256", pa.list_(_DIGEST)),
        ("pixel_sha256", pa.list_(_DIGEST)),
        ("fingerprints", pa.list_(_DIGEST)),
        ("inner", pa.list_(pa.binary(64))),
        ("cuts", pa.list_(pa.binary(len(CUTS) * FINGERPRINT_BYTES))),
        ("num_pixels", pa.int64()),
        ("text_sha256", _DIGEST),
        ("asked", pa.uint64()),
        ("bands", pa.list_(pa.uint32())),
        ("num_chars", pa.int32()),
    ]
)
"""One row per sample.

place: number of the row among all rows. key: of the content; steps that must choose do so by it, never by place.
patient, study, article: with the data set in front, unless the name is worldwide; empty where it is not known.
image_sha256, pixel_sha256, fingerprints, inner, cuts: one per image; null where the image is not here; inner holds the
fingerprints of the picture without its border and of the square in its middle, cuts those of the parts that the cuts of
the leak search leave. text_sha256, bands, num_chars: of `told`. asked: of the first question with its options, where no
image belongs to it; else 0.
"""


def sketch_of(place: int, candidate: Candidate) -> dict[str, Any]:
    """Return the sketch of a sample as a row under `SKETCH_SCHEMA`.

    Args:
        place: of the sample among all rows.
        candidate: as the steps before left it.
    """
    sample = candidate.sample
    said = told(sample)
    text = plain_words(said)
    looks = _looks(candidate)
    return {
        "place": place,
        "key": _key(sample),
        "id": sample.id,
        "variant_of": sample.variant.of if sample.variant else "",
        "language": sample.language,
        "dataset": sample.source.dataset,
        "licence": sample.source.licence,
        "split": sample.source.split,
        "task": sample.task,
        "labels": list(sample.labels),
        "original_id": sample.source.original_id,
        "patient": _in_dataset(sample, sample.groups.patient),
        "study": _in_dataset(sample, sample.groups.study),
        "article": _in_dataset(sample, sample.groups.article),
        "image_path": [image.path for image in sample.images],
        "image_sha256": [bytes.fromhex(image.sha256) or None for image in sample.images],
        "pixel_sha256": [look and look.pixel_sha256 for look in looks],
        "fingerprints": [look and look.fingerprint for look in looks],
        "inner": [look and look.inner_fingerprints for look in looks],
        "cuts": [look and look.cut_fingerprints for look in looks],
        "num_pixels": sum(image.width * image.height for image in sample.images),
        "text_sha256": hashlib.sha256(text.encode()).digest(),
        "asked": _asked(sample),
        "bands": bands(shingles(said)),
        "num_chars": len(text),
    }


def told(sample: Sample) -> str:
    """Return all that a sample says: every turn, the options and the gold answer, one per line."""
    turns = [message.text for message in sample.messages]
    answer = [*sample.answer.options, *sample.answer.gold] if sample.answer else []
    return "\n".join([*turns, *answer])


def _asked(sample: Sample) -> int:
    """Return a digest of the first question with its options; 0 where images or no words are asked about."""
    question = next((turn.text for turn in sample.messages if turn.role == "user"), "")
    text = plain_words("\n".join([question, *(sample.answer.options if sample.answer else ())]))
    if sample.images or not text:
        return 0
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _looks(candidate: Candidate) -> list[Decoded | None]:
    """Return all images decoded; None of all where one cannot be."""
    try:
        return list(candidate.images)
    except ImageError:
        return [None] * len(candidate.sample.images)


def _in_dataset(sample: Sample, name: str) -> str:
    return name if not name or _WORLDWIDE.fullmatch(name) else f"{sample.source.dataset}/{name}"


def _key(sample: Sample) -> bytes:
    """Return a digest of what the sample is, whatever its place and its split."""
    images = [image.sha256 or image.path for image in sample.images]
    parts = [sample.id, sample.source.dataset, told(sample), *images]
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=_KEY_BYTES).digest()
