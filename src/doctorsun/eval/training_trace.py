"""Traces of samples: what it takes to know a question or an image again, without keeping either."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.errors import ImageError
from doctorsun.image.fingerprint import fingerprint
from doctorsun.schema import Image, Sample
from doctorsun.storage.atomic import write_bytes
from doctorsun.storage.store import Store
from doctorsun.text.normalize import exact_form, fold

ROWS_PER_PART = 2048
TRACE_VERSION = 1
"""Traces of another version are of no use: they were made by other rules."""

_LABEL = re.compile(r"^(?:question|q|问题|题目|问)\s*[:：.]\s*", re.IGNORECASE)
_OPTIONS = re.compile(r"^\s*[(（]?[AaＡ][)）.．、:：]", re.MULTILINE)
_LEAST_LINE_CHARS = 4
_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Trace:
    """One sample.

    Attributes:
        id: of the sample.
        texts: digests of what was asked, word for word.
        forms: digests of the same, without its options, and of each line, all without case, articles, punctuation.
        images: SHA-256 of the images.
        fingerprints: of the same images; empty bytes where one is not here or cannot be decoded.
    """

    id: str
    texts: tuple[bytes, ...]
    forms: tuple[bytes, ...]
    images: tuple[str, ...]
    fingerprints: tuple[bytes, ...]


_TYPES = {"id": pa.string(), "images": pa.list_(pa.string())}
_SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.list_(pa.binary()))) for field in fields(Trace)])


def text_digest(text: str) -> bytes:
    """Return the digest of a text word for word; case and space apart."""
    return _digest(fold(text))


def form_digests(text: str) -> tuple[bytes, ...]:
    """Return the digests of a question in the form that answers are compared in: of all of it, and without options."""
    return _forms([text, stem_of(text)])


def stem_of(text: str) -> str:
    """Return a question without the options that are listed below it."""
    listed = _OPTIONS.search(text)
    return text[: listed.start()] if listed and text[: listed.start()].strip() else text


def _forms(texts: Iterable[str]) -> tuple[bytes, ...]:
    forms = (exact_form(_LABEL.sub("", text.strip())) for text in texts)
    return tuple(dict.fromkeys(_digest(form) for form in forms if form))


def _forms_of_lines(text: str) -> tuple[bytes, ...]:
    """Return the digests of each line above the options: instructions usually stand on lines of their own."""
    return _forms(line for line in stem_of(text).splitlines() if len(line.strip()) >= _LEAST_LINE_CHARS)


def trace_of(sample: Sample, known: dict[str, bytes]) -> Trace:
    """Return the trace of a sample.

    Args:
        sample: with the bytes of its images, as far as they are not known.
        known: fingerprints by SHA-256; those of new images are added.
    """
    asked = [message.text.strip() for message in sample.messages if message.role == "user" and message.text.strip()]
    for image in sample.images:
        if image.sha256 and image.sha256 not in known:
            known[image.sha256] = _fingerprint(image)
    return Trace(
        id=sample.id,
        texts=tuple(dict.fromkeys(text_digest(text) for text in asked)),
        forms=tuple(dict.fromkeys(form for text in asked for form in form_digests(text) + _forms_of_lines(text))),
        images=tuple(image.sha256 for image in sample.images),
        fingerprints=tuple(known.get(image.sha256, b"") for image in sample.images),
    )


def store_traces(store: Store, folder: Path, *, with_looks: bool) -> Iterator[list[Trace]]:
    """Yield the traces of a store's samples, some thousand at a time; those in the folder are not made again.

    Args:
        store: the samples.
        folder: keeps them, for this very store; every part is complete or not there.
        with_looks: fingerprint the images too, which takes some milliseconds each.
    """
    read: Callable[[int], Sample] = store.__getitem__ if with_looks else store.without_bytes
    name = f"{'looks' if with_looks else 'words'}-v{TRACE_VERSION}"
    known: dict[str, bytes] = {}
    with ThreadPoolExecutor() as threads:
        for start in range(0, len(store), ROWS_PER_PART):
            path = folder / f"{name}-{start:09d}.parquet"
            if path.is_file():
                traces = _read(path)
                known.update(pair for trace in traces for pair in zip(trace.images, trace.fingerprints, strict=True))
            else:
                rows = range(start, min(start + ROWS_PER_PART, len(store)))
                traces = list(threads.map(lambda row: trace_of(read(row), known), rows))
                _write(path, traces)
            yield traces


def traces_of(samples: Iterable[Sample]) -> list[Trace]:
    """Return the traces of samples that carry their images."""
    known: dict[str, bytes] = {}
    return [trace_of(sample, known) for sample in samples]


def _fingerprint(image: Image) -> bytes:
    try:
        return fingerprint(image.bytes) if image.bytes is not None else b""
    except ImageError:  # training leaves such an image out, and so can its look
        return b""


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()


def _write(path: Path, traces: Sequence[Trace]) -> None:
    columns = {name: [getattr(trace, name) for trace in traces] for name in _SCHEMA.names}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=_SCHEMA), sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def _read(path: Path) -> list[Trace]:
    rows = pq.read_table(path, schema=_SCHEMA).to_pylist()
    return [Trace(row["id"], *(tuple(row[name]) for name in _SCHEMA.names[1:])) for row in rows]
