"""Traces of samples: what it takes to know a question or an image again, without keeping either."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.data.leak.origin import Origin, origin_of
from doctorsun.data.leak.question import form_digests, form_digests_of_lines, text_digest
from doctorsun.data.leak.views import fingerprints_of, views_of
from doctorsun.errors import ImageError
from doctorsun.image.fingerprint import pixel_sha256
from doctorsun.image.raster import decode
from doctorsun.schema import Image, Sample
from doctorsun.storage.atomic import write_bytes
from doctorsun.text.grams import gram_hashes

TRACE_VERSION = 3
"""Traces of another version are of no use: they were made by other rules."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an image looks like; empty where nothing is to be seen.

    Attributes:
        pixels: SHA-256 of its pixels.
        fingerprints: of its views, 32 bytes each.
    """

    pixels: str = ""
    fingerprints: bytes = b""


@dataclass(frozen=True, slots=True)
class Trace:
    """One sample.

    Attributes:
        id: of the sample.
        texts: digests of what was asked, word for word.
        forms: digests of the same, without its options, and of each line, all without case, articles, punctuation.
        grams: the lower halves of the hashes of all runs of 13 words or characters, four bytes each.
        images: SHA-256 of the images.
        origins: data set and path of the same images.
        pixels: SHA-256 of their pixels; empty where one is not here or cannot be decoded.
        fingerprints: of the views of the same images, 32 bytes each; empty where one is not here or cannot be decoded.
    """

    id: str
    texts: tuple[bytes, ...]
    forms: tuple[bytes, ...]
    grams: bytes
    images: tuple[str, ...]
    origins: tuple[Origin, ...]
    pixels: tuple[str, ...]
    fingerprints: tuple[bytes, ...]


_TYPES = {
    "id": pa.string(),
    "grams": pa.binary(),
    "images": pa.list_(pa.string()),
    "origins": pa.list_(pa.list_(pa.string())),
    "pixels": pa.list_(pa.string()),
}
_SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.list_(pa.binary()))) for field in fields(Trace)])


def words_of(sample: Sample) -> str:
    """Return the text of all turns, one per line."""
    return "\n".join(message.text for message in sample.messages)


def look_of(image: Image) -> Look:
    """Return what an image looks like.

    Nothing of one that is not here or is damaged, which training leaves out, too; and nothing of one of a single value,
    which is like any other such picture.
    """
    if image.bytes is None:
        return Look()
    try:
        picture = decode(image.bytes)
    except ImageError:
        return Look()
    low, high = np.asarray(picture).min(), np.asarray(picture).max()
    return Look(pixel_sha256(picture), fingerprints_of(views_of(picture))) if low < high else Look()


def trace_of(sample: Sample, looks: Sequence[Look]) -> Trace:
    """Return the trace of a sample.

    Args:
        sample: the bytes of its images may be left out.
        looks: of its images.
    """
    asked = [message.text.strip() for message in sample.messages if message.role == "user" and message.text.strip()]
    forms = (form for text in asked for form in form_digests(text) + form_digests_of_lines(text))
    return Trace(
        id=sample.id,
        texts=tuple(dict.fromkeys(text_digest(text) for text in asked)),
        forms=tuple(dict.fromkeys(forms)),
        grams=_halves(words_of(sample)),
        images=tuple(image.sha256 for image in sample.images),
        origins=tuple(origin_of(sample.source.dataset, _place(sample, image)) for image in sample.images),
        pixels=tuple(look.pixels for look in looks),
        fingerprints=tuple(look.fingerprints for look in looks),
    )


def traces_of(samples: Iterable[Sample]) -> list[Trace]:
    """Return the traces of samples that carry their images."""
    known: dict[str, Look] = {}
    return [traced(sample, known) for sample in samples]


def traced(sample: Sample, known: dict[str, Look]) -> Trace:
    """Return the trace of a sample that carries its images, as far as these are not known.

    Args:
        sample: with its images.
        known: looks by SHA-256; those of new images are added.
    """
    for image in sample.images:
        if image.sha256 and image.sha256 not in known:
            known[image.sha256] = look_of(image)
    return trace_of(sample, [known.get(image.sha256, Look()) for image in sample.images])


def write_traces(path: Path, traces: Sequence[Trace]) -> None:
    """Write traces as one Parquet file, complete or not at all."""
    columns = {name: [getattr(trace, name) for trace in traces] for name in _SCHEMA.names}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=_SCHEMA), sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def read_traces(path: Path) -> list[Trace]:
    """Return the traces of a file of `write_traces`."""
    return [_trace(row) for row in pq.read_table(path, schema=_SCHEMA).to_pylist()]


def _trace(row: dict[str, Any]) -> Trace:
    lists: dict[str, Any] = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    lists["origins"] = tuple(tuple(origin) for origin in lists["origins"])
    return Trace(**row | lists)


def _halves(words: str) -> bytes:
    return np.unique(gram_hashes(words).astype(np.uint32)).astype("<u4").tobytes()


def _place(sample: Sample, image: Image) -> str:
    """Return where an image stands in its data set; slices and frames of one file are told apart.

    A picture that was made of an annotated volume or slide has no path: there the original id names it. Of published
    questions it names the question.
    """
    if image.path:
        return image.path if image.facts.slice is None else f"{image.path}/{image.facts.slice}"
    is_annotated = sample.made_by.method == "template" and len(sample.images) == 1
    return sample.source.original_id if is_annotated else ""
