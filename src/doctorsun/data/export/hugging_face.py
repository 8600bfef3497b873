"""Hugging Face dataset folder: ``data/<split>-00000-of-00001.parquet`` with its features, and a README with its card.

https://huggingface.co/docs/datasets/repository_structure; images lie in the files as ``{"bytes", "path"}``, turns are
messages of typed parts in the form of chat templates, ``{"type": "image"}`` for each image in order.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.data.export.image_files import check_hash, suffix_of
from doctorsun.data.export.json_files import one_line
from doctorsun.data.export.record import with_record
from doctorsun.data.export.words import box_texts, typed_turns
from doctorsun.data.export.writer import split_name
from doctorsun.data.readers.exported import EXPORTED
from doctorsun.schema import Image, Sample
from doctorsun.storage.store_schema import IMAGE_BYTES, leaf_paths

SHARD_BYTES = 500 * 10**6
ROWS_PER_GROUP = 100
BYTES_PER_GROUP = 32 * 2**20
_IMAGE_PART = {"type": "image", "text": None}
_TEXT = pa.string()
_SCHEMA = pa.schema(
    [
        ("id", _TEXT),
        ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", _TEXT)]))),
        (
            "messages",
            pa.list_(
                pa.struct([("role", _TEXT), ("content", pa.list_(pa.struct([("type", _TEXT), ("text", _TEXT)])))])
            ),
        ),
        (
            "objects",
            pa.struct(
                [
                    ("ref", pa.list_(_TEXT)),
                    ("bbox", pa.list_(pa.list_(pa.float64()))),
                    ("image_id", pa.list_(pa.int64())),
                ]
            ),
        ),
        (EXPORTED, _TEXT),
    ]
)


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}


def _list(feature: Any) -> dict[str, Any]:
    return {"feature": feature, "_type": "List"}


_STRING = _value("string")
FEATURES: dict[str, Any] = {
    "id": _STRING,
    "images": _list({"_type": "Image"}),
    "messages": _list({"role": _STRING, "content": _list({"type": _STRING, "text": _STRING})}),
    "objects": {"ref": _list(_STRING), "bbox": _list(_list(_value("float64"))), "image_id": _list(_value("int64"))},
    EXPORTED: _STRING,
}
"""What the columns are to the ``datasets`` library (4.0 and later)."""


@dataclass(slots=True)
class _Split:
    """The files of one split, and the rows of its open one that are not written yet."""

    writer: pq.ParquetWriter
    path: Path
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    num_pending_bytes: int = 0
    num_bytes: int = 0
    finished: list[Path] = field(default_factory=list[Path])


class HuggingFaceWriter:
    """Write samples as a folder that ``datasets.load_dataset`` reads, and that the hub shows.

    Args:
        folder: where the dataset goes.
        files: closes what is open.
        shard_bytes: a file is full when its rows have this size.
    """

    def __init__(self, folder: Path, files: ExitStack, *, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._closing = files
        self._shard_bytes = shard_bytes
        self._splits: dict[str, _Split] = {}
        (folder / "data").mkdir()

    def add(self, sample: Sample) -> None:
        """Write a sample.

        Raises:
            DataError: as of `SampleWriter`.
        """
        split = self._open(split_name(sample))
        row = _row(sample)
        split.rows.append(row)
        split.num_pending_bytes += len(row[EXPORTED]) + sum(len(image.bytes or b"") for image in sample.images)
        if len(split.rows) >= ROWS_PER_GROUP or split.num_pending_bytes >= BYTES_PER_GROUP:
            _write_group(split)

    def finish(self) -> None:
        """Write the last rows, and name the files by their number."""
        for name, split in self._splits.items():
            _finish_file(split)
            for number, path in enumerate(split.finished):
                path.rename(path.with_name(f"{name}-{number:05d}-of-{len(split.finished):05d}.parquet"))

    def _open(self, name: str) -> _Split:
        split = self._splits.get(name)
        if split is None:
            split = self._splits[name] = _Split(*self._new_file(name, 0))
        elif split.num_bytes >= self._shard_bytes:
            _finish_file(split)
            split.writer, split.path = self._new_file(name, len(split.finished))
            split.num_bytes = 0
        return split

    def _new_file(self, split: str, number: int) -> tuple[pq.ParquetWriter, Path]:
        path = self._folder / "data" / f"{split}-{number:05d}"
        schema = _SCHEMA.with_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
        settings: dict[str, Any] = {"write_page_checksum": True, "use_dictionary": [IMAGE_BYTES]}
        settings["compression"] = dict.fromkeys(leaf_paths(_SCHEMA), "zstd") | {IMAGE_BYTES: "none"}
        writer = pq.ParquetWriter(path, schema, **settings)
        return self._closing.enter_context(writer), path


def _row(sample: Sample) -> dict[str, Any]:
    boxes = box_texts(sample.objects, sample.images)
    turns = typed_turns(sample.messages, boxes, [_IMAGE_PART] * len(sample.images))
    row = with_record({"id": sample.id, "messages": turns}, sample, boxes)
    images = [_image(sample.id, image) for image in sample.images]
    return row | {"images": images, EXPORTED: one_line(row[EXPORTED])}


def _image(sample_id: str, image: Image) -> dict[str, Any] | None:
    """Return an image with its bytes; nothing for a reference, which the library would try to open."""
    if image.bytes is None:
        return None
    check_hash(sample_id, image)
    return {"bytes": image.bytes, "path": f"{image.sha256}.{suffix_of(image.bytes)}"}


def _write_group(split: _Split) -> None:
    split.writer.write_table(pa.Table.from_pylist(split.rows, schema=split.writer.schema))
    split.num_bytes += split.num_pending_bytes
    split.rows.clear()
    split.num_pending_bytes = 0


def _finish_file(split: _Split) -> None:
    if split.rows:
        _write_group(split)
    split.writer.close()
    split.finished.append(split.path)
